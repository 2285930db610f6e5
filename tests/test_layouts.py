# SPDX-License-Identifier: Apache-2.0
"""Every layout of memory becomes the same picture, whatever its padding."""

import numpy as np
import pytest

from device.cameras.fake import card, packed
from device.cameras.layouts import FORMATS, Format, Layout, as_rgb, row_bytes
from device.errors import InputError
from device.stills import encode_jpeg

WIDTH, HEIGHT = 64, 48
EXACT = ("BGR888", "RGB888", "XBGR8888", "XRGB8888")


def layout(format_: Format, padding: int = 0, *, full_range: bool = True) -> Layout:
    return Layout(format_, WIDTH, HEIGHT, row_bytes(format_, WIDTH) + padding, full_range)


@pytest.mark.parametrize("padding", [0, 32])
@pytest.mark.parametrize("format_", FORMATS)
def test_the_card_comes_out_as_it_went_in(format_: Format, padding: int) -> None:
    picture = card(WIDTH, HEIGHT)
    got = as_rgb(packed(picture, layout(format_, padding)), layout(format_, padding))
    assert got.shape == picture.shape
    assert got.flags.c_contiguous
    off = np.abs(got.astype(np.int16) - picture)
    if format_ in EXACT:
        assert not off.any()
    else:
        assert off.mean() < 6
        assert np.median(off) <= 2


def test_the_two_names_for_three_bytes_are_each_others_mirror() -> None:
    """FACTS: picamera2's RGB888 is B, G, R in memory."""
    buffer = np.arange(WIDTH * HEIGHT * 3, dtype=np.uint8)
    straight = as_rgb(buffer, layout("BGR888"))
    assert straight[0, 0].tolist() == [0, 1, 2]
    assert as_rgb(buffer, layout("RGB888"))[0, 0].tolist() == [2, 1, 0]


def test_limited_luma_is_stretched() -> None:
    buffer = np.full(layout("NV12").bytes, 128, np.uint8)
    buffer[: WIDTH * HEIGHT] = 16
    buffer[:WIDTH] = 235
    got = as_rgb(buffer, layout("NV12", full_range=False))
    assert got[0].min() == 255
    assert got[1:].max() == 0


def test_a_buffer_longer_than_the_picture_is_fine() -> None:
    buffer = np.zeros(layout("YUYV").bytes + 4096, np.uint8)
    assert as_rgb(buffer, layout("YUYV")).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("format_", [f for f in FORMATS if f != "MJPEG"])
def test_a_buffer_that_was_cut_off_is_refused(format_: Format) -> None:
    buffer = np.zeros(layout(format_).bytes - 1, np.uint8)
    with pytest.raises(InputError, match="cut off"):
        as_rgb(buffer, layout(format_))


def test_a_jpeg_that_was_cut_off_is_refused() -> None:
    jpeg = np.frombuffer(encode_jpeg(card(WIDTH, HEIGHT)), np.uint8)
    with pytest.raises(InputError):
        as_rgb(jpeg[: jpeg.size // 2], layout("MJPEG"))


def test_motion_jpeg_without_huffman_tables_is_understood() -> None:
    """Many webcams leave the tables out, since Motion-JPEG always has the same."""
    whole = encode_jpeg(card(WIDTH, HEIGHT))
    bare = bytearray(whole[:2])
    at = 2
    while whole[at + 1] != 0xDA:  # up to the start of scan
        length = 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
        if whole[at + 1] != 0xC4:
            bare += whole[at : at + length]
        at += length
    bare += whole[at:]
    assert len(bare) < len(whole)
    want = as_rgb(np.frombuffer(whole, np.uint8), layout("MJPEG"))
    assert np.array_equal(as_rgb(np.frombuffer(bytes(bare), np.uint8), layout("MJPEG")), want)
