# SPDX-License-Identifier: Apache-2.0
"""How a framebuffer lays out its pixels, and pictures brought into that layout. Pure.

The structures are `fb_var_screeninfo` and `fb_fix_screeninfo` of <linux/fb.h>, 64-bit.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.errors import DisplayError

VAR_BYTES = 160
FIX_BYTES = 80
# xres, yres, their virtual sizes, xoffset, yoffset, bits_per_pixel, grayscale; then offset, length
# and msb_right of red, green and blue.
_VAR = struct.Struct("=8I9I")
# id, smem_start, smem_len, type, type_aux, visual, three steps, line_length (padded as C does).
_FIX = struct.Struct("@16sLIIIIHHHI")


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a colour's bits are: the lowest one, and how many."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """The bits of one pixel, 16 or 32 of them, little-endian."""

    bits: int
    red: Channel
    green: Channel
    blue: Channel


RGB565 = PixelFormat(16, Channel(11, 5), Channel(5, 6), Channel(0, 5))
XRGB8888 = PixelFormat(32, Channel(16, 8), Channel(8, 8), Channel(0, 8))
XBGR8888 = PixelFormat(32, Channel(0, 8), Channel(8, 8), Channel(16, 8))
# What Pillow packs by itself, under its own names.
_PACKED_BY_PILLOW = {XRGB8888: "BGRX", XBGR8888: "RGBX"}


@dataclass(frozen=True, slots=True)
class Geometry:
    """A framebuffer's visible part: its first row and column, and the bytes from row to row."""

    width: int
    height: int
    line_bytes: int
    pixel: PixelFormat
    first_row: int = 0
    first_column: int = 0

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.pixel.bits // 8

    @property
    def bytes(self) -> int:
        """Bytes from the start of the memory to the end of the last visible row."""
        return self.line_bytes * (self.first_row + self.height)

    def visible(self, memory: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The visible part of `memory` (uint8[bytes]), as uint8[height, width x pixel bytes]."""
        rows = memory[: self.bytes].reshape(-1, self.line_bytes)[self.first_row :]
        first = self.first_column * self.pixel_bytes
        return rows[:, first : first + self.width * self.pixel_bytes]


def geometry_of(var: bytes, fix: bytes) -> Geometry:
    """What the two structures of a framebuffer say.

    Raises:
        DisplayError: pixels of other than 16 or 32 bits, or rows that do not hold them.
    """
    width, height, _, _, left, top, bits, _, *channels = _VAR.unpack_from(var)
    line = int(_FIX.unpack_from(fix)[-1])
    if bits not in (16, 32) or line < (left + width) * bits // 8 or not width * height:
        raise DisplayError(
            f"the framebuffer has {width} x {height} pixels of {bits} bits in rows of {line} bytes,"
            ' expected 16 or 32 bits: set framebuffer_depth, or use display.kind = "window"'
        )
    red, green, blue = (Channel(*channels[first : first + 2]) for first in (0, 3, 6))
    return Geometry(width, height, line, PixelFormat(bits, red, green, blue), top, left)


def file_geometry(size: tuple[int, int], bits: int, *, padding: int = 0) -> Geometry:
    """The geometry of an ordinary file: its rows hold `padding` more bytes than pixels need."""
    pixel = RGB565 if bits == 16 else XRGB8888
    return Geometry(*size, size[0] * bits // 8 + padding, pixel)


def packed(picture: Image.Image, pixel: PixelFormat) -> NDArray[np.uint8]:
    """An RGB picture as uint8[height, width x bytes per pixel] in the layout of `pixel`."""
    width, height = picture.size
    if pixel in _PACKED_BY_PILLOW:
        raw = picture.tobytes("raw", _PACKED_BY_PILLOW[pixel])
        return np.frombuffer(raw, np.uint8).reshape(height, width * 4)
    kind = np.dtype("<u2" if pixel.bits == 16 else "<u4")
    values = np.zeros((height, width), kind)
    pixels = np.asarray(picture)
    for index, channel in enumerate((pixel.red, pixel.green, pixel.blue)):
        shade = (pixels[..., index] >> np.uint8(8 - channel.length)).astype(kind)
        values |= shade << kind.type(channel.offset)
    return values.view(np.uint8)


def unpacked(rows: NDArray[np.uint8], pixel: PixelFormat) -> Image.Image:
    """The picture that such rows show; colours of few bits come back in full range."""
    values = np.ascontiguousarray(rows).view("<u2" if pixel.bits == 16 else "<u4")
    shades = [
        (values >> channel.offset & (1 << channel.length) - 1) * 255 // ((1 << channel.length) - 1)
        for channel in (pixel.red, pixel.green, pixel.blue)
    ]
    return Image.fromarray(np.stack(shades, axis=-1).astype(np.uint8))
