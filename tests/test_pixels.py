# SPDX-License-Identifier: Apache-2.0
"""Framebuffers as they are found: what they say of themselves, and pixels in their layouts."""

import struct

import numpy as np
import pytest
from kiosks import doorway_frame
from PIL import Image

from device.displays.pixels import (
    RGB565,
    XBGR8888,
    XRGB8888,
    Channel,
    Geometry,
    PixelFormat,
    file_geometry,
    geometry_of,
    packed,
    unpacked,
)
from device.errors import DisplayError

# Blue highest, and ten bits of which the upper eight are ours.
BGR565 = PixelFormat(16, Channel(0, 5), Channel(5, 6), Channel(11, 5))
BGRX_HIGH = PixelFormat(32, Channel(8, 8), Channel(16, 8), Channel(24, 8))
FORMATS = {
    "565": RGB565,
    "bgr565": BGR565,
    "555": PixelFormat(16, Channel(10, 5), Channel(5, 5), Channel(0, 5)),
    "xrgb": XRGB8888,
    "xbgr": XBGR8888,
    "high": BGRX_HIGH,
}


def screeninfo(
    pixel: PixelFormat, *, size: tuple[int, int], at: tuple[int, int] = (0, 0), line: int
) -> tuple[bytes, bytes]:
    """The two structures as a driver fills them in, built from <linux/fb.h>."""
    fields = [*size, size[0] + at[0], size[1] + at[1], *at, pixel.bits, 0]
    for channel in (pixel.red, pixel.green, pixel.blue, Channel(0, 0)):
        fields += [channel.offset, channel.length, 0]
    var = struct.pack(f"={len(fields)}I", *fields).ljust(160, b"\0")
    fix = b"simple".ljust(16, b"\0") + struct.pack("=QIIIIHHHHI", 0, 0, 0, 0, 2, 0, 0, 0, 0, line)
    return var, fix.ljust(80, b"\0")


def test_reads_a_raspberry_pis_structures() -> None:
    geometry = geometry_of(*screeninfo(RGB565, size=(800, 480), line=1600))
    assert geometry == Geometry(800, 480, 1600, RGB565)
    geometry = geometry_of(*screeninfo(XRGB8888, size=(1366, 768), at=(2, 5), line=5504))
    assert geometry == Geometry(1366, 768, 5504, XRGB8888, first_row=5, first_column=2)


@pytest.mark.parametrize(
    ("pixel", "size", "line"),
    [
        (PixelFormat(8, *[Channel(0, 8)] * 3), (800, 480), 800),
        (PixelFormat(24, *[Channel(0, 8)] * 3), (800, 480), 2400),
        (XRGB8888, (800, 480), 1600),
        (XRGB8888, (0, 480), 1600),
    ],
)
def test_other_screens_are_refused(pixel: PixelFormat, size: tuple[int, int], line: int) -> None:
    with pytest.raises(DisplayError, match="expected 16 or 32 bits"):
        geometry_of(*screeninfo(pixel, size=size, line=line))


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_come_back_from_every_layout(name: str) -> None:
    pixel = FORMATS[name]
    pixels = doorway_frame()[:50, :70]
    rows = packed(Image.fromarray(pixels), pixel)
    assert rows.shape == (50, 70 * pixel.bits // 8)
    back = np.asarray(unpacked(rows, pixel)).astype(int)
    coarsest = 2 ** (8 - min(c.length for c in (pixel.red, pixel.green, pixel.blue)))
    assert np.abs(back - pixels).max() < coarsest


@pytest.mark.parametrize(
    ("pixel", "expected"),
    [
        (RGB565, "00f8"),
        (BGR565, "1f00"),
        (XRGB8888, "0000ff"),
        (XBGR8888, "ff0000"),
        (BGRX_HIGH, "00ff0000"),
    ],
)
def test_red_is_where_the_screen_has_it(pixel: PixelFormat, expected: str) -> None:
    rows = packed(Image.new("RGB", (1, 1), "#FF0000"), pixel)
    assert bytes(rows[0]).hex().startswith(expected)


def test_the_visible_part_leaves_padding_and_what_lies_before_it_alone() -> None:
    geometry = Geometry(3, 2, 16, RGB565, first_row=1, first_column=2)
    memory = np.zeros(geometry.bytes, np.uint8)
    geometry.visible(memory)[:] = 1
    rows = memory.reshape(3, 16)
    assert rows.sum() == 3 * 2 * 2
    assert (rows[1:, 4:10] == 1).all()


def test_a_file_has_the_rows_that_are_asked_for() -> None:
    assert file_geometry((10, 4), 16) == Geometry(10, 4, 20, RGB565)
    assert file_geometry((10, 4), 32, padding=24) == Geometry(10, 4, 64, XRGB8888)
