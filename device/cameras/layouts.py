# SPDX-License-Identifier: Apache-2.0
"""How cameras lay pixels out in memory, and the one way from there to R, G, B.

Names are libcamera's, which tell the bytes from the last to the first: BGR888 holds R, G, B in
memory, RGB888 holds B, G, R. Rows may be padded: `stride` is the distance between two of them.
Luma and chroma become colours as in JFIF (ITU-R BT.601), stretched first where they are limited to
16-235 and 16-240.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.errors import InputError
from device.pictures import decode

Format = Literal["BGR888", "RGB888", "XBGR8888", "XRGB8888", "NV12", "YUV420", "YUYV", "MJPEG"]
FORMATS: tuple[Format, ...] = get_args(Format)
# Bytes of one pixel in a row of the first plane, and where R, G, B are among them.
_PACKED = {
    "BGR888": (3, (0, 1, 2)),
    "RGB888": (3, (2, 1, 0)),
    "XBGR8888": (4, (0, 1, 2)),
    "XRGB8888": (4, (2, 1, 0)),
}
# Even, as chroma may have half the rows.
_STRIP_ROWS = 32
_LUMA_TABLE = [min(255, max(0, round((v - 16) * 255 / 219))) for v in range(256)]
_CHROMA_TABLE = [min(255, max(0, round((v - 128) * 255 / 224 + 128))) for v in range(256)]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a buffer holds: `stride` bytes from row to row (of luma, where planes differ)."""

    format: Format
    width: int
    height: int
    stride: int
    full_range: bool = True

    @property
    def bytes(self) -> int:
        """The least size of a buffer; 0 for MJPEG, whose frames are of any size."""
        if self.format == "MJPEG":
            return 0
        rows = self.height * 3 // 2 if self.format in ("NV12", "YUV420") else self.height
        return rows * self.stride


def row_bytes(format_: Format, width: int) -> int:
    """Bytes of one row without padding (of luma, where planes differ)."""
    if format_ in _PACKED:
        return width * _PACKED[format_][0]
    return width * 2 if format_ == "YUYV" else width


def as_rgb(data: NDArray[np.uint8], layout: Layout) -> NDArray[np.uint8]:
    """The picture in a buffer.

    Args:
        data: uint8[bytes], the whole buffer; it may be longer than the picture.
        layout: what it holds.

    Returns:
        uint8[height, width, 3] in R, G, B order, contiguous; never memory of the camera's own
        where that had to be rearranged.

    Raises:
        InputError: the buffer is too short, or no JPEG: a frame that was cut off.
    """
    if layout.format == "MJPEG":
        return decode(data.tobytes(), name="frame")
    if data.size < layout.bytes:
        raise InputError(
            f"a frame has {data.size} bytes, expected {layout.bytes} for {layout.format} of "
            f"{layout.width}x{layout.height}: the transfer was cut off"
        )
    rows = data[: layout.bytes].reshape(-1, layout.stride)
    if layout.format in _PACKED:
        size, order = _PACKED[layout.format]
        pixels = rows[:, : layout.width * size].reshape(layout.height, layout.width, size)
        # A slice with a step is a view, picking by index would copy twice.
        return np.ascontiguousarray(pixels[:, :, :3] if order[0] == 0 else pixels[:, :, 2::-1])
    return _from_luma(*_planes(rows, layout), layout)


Plane = NDArray[np.uint8]


def _planes(rows: NDArray[np.uint8], layout: Layout) -> tuple[Plane, Plane, Plane]:
    """Luma uint8[height, width], and both chroma planes as small as they come."""
    width, height = layout.width, layout.height
    if layout.format == "YUYV":
        packed = rows[:, : width * 2]
        return packed[:, 0::2], packed[:, 1::4], packed[:, 3::4]
    luma, below = rows[:height, :width], rows[height:]
    if layout.format == "NV12":
        return luma, below[:, 0:width:2], below[:, 1:width:2]
    # Rows of chroma are half as long and half as far apart, so two of them fill one row of luma.
    chroma = below.reshape(2, height // 2, layout.stride // 2)[:, :, : width // 2]
    return luma, chroma[0], chroma[1]


def _from_luma(luma: Plane, blue: Plane, red: Plane, layout: Layout) -> NDArray[np.uint8]:
    """The three planes as RGB, strip by strip: Pillow's own copies of a whole frame take 4 MB."""
    pixels = np.empty((layout.height, layout.width, 3), np.uint8)
    rows = layout.height // blue.shape[0]  # of luma, for each of chroma
    for top in range(0, layout.height, _STRIP_ROWS):
        below = slice(top, top + _STRIP_ROWS)
        chroma = slice(top // rows, -(-below.stop // rows))
        strip = (luma[below], blue[chroma], red[chroma])
        pixels[below] = _strip_as_rgb(*strip, full_range=layout.full_range)
    return pixels


def _strip_as_rgb(luma: Plane, blue: Plane, red: Plane, *, full_range: bool) -> NDArray[np.uint8]:
    bands = [Image.fromarray(np.ascontiguousarray(plane)) for plane in (luma, blue, red)]
    if not full_range:
        tables = (_LUMA_TABLE, _CHROMA_TABLE, _CHROMA_TABLE)
        bands = [band.point(table) for band, table in zip(bands, tables, strict=True)]
    bands[1:] = [band.resize(bands[0].size, Image.Resampling.NEAREST) for band in bands[1:]]
    return np.asarray(Image.merge("YCbCr", bands).convert("RGB"))
