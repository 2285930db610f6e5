# SPDX-License-Identifier: Apache-2.0
"""decode: every mode of picture becomes upright RGB; everything else becomes InputError."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from device.errors import InputError
from device.pictures import Limits, decode, decode_image

FACES = sorted((Path(__file__).parent / "data" / "faces" / "pictures").glob("*.jpg"))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def slope(mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> Image.Image:
    """A picture that no turn or mirroring leaves as it is."""
    across = np.linspace(0, 255, size[0]).astype(np.uint8)
    down = np.linspace(0, 200, size[1]).astype(np.uint8)
    red, green = np.meshgrid(across, down)
    return Image.fromarray(np.stack([red, green, red // 2], axis=2)).convert(mode)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixel."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    chunks = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (head, body)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_face_is_decoded_exactly_as_pillow_does() -> None:
    for path in FACES[:10]:
        pixels = decode(path.read_bytes(), name=path.name)
        with Image.open(path) as image:
            assert np.array_equal(pixels, np.asarray(image))
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_the_other_formats_are_read(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(encoded(slope(), kind, **options), name="a")
    assert np.array_equal(pixels, np.asarray(slope()))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(slope(), kind, exif=exif)
        with Image.open(io.BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image)
            assert np.array_equal(decode(data, name="a"), np.asarray(upright.convert("RGB")))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_leaves_the_picture_as_it_is() -> None:
    data = encoded(slope(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff rubbish")
    assert decode(data, name="a").shape == (16, 24, 3)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_and_palette_become_rgb(mode: str) -> None:
    image = slope(mode)
    assert np.array_equal(decode(encoded(image), name="a"), np.asarray(image.convert("RGB")))


def test_cmyk_becomes_rgb() -> None:
    pixels = decode(encoded(slope("CMYK"), "JPEG", quality=95), name="a")
    assert np.abs(pixels.astype(int) - np.asarray(slope()).astype(int)).mean() < 8


def test_sixteen_bit_grey_keeps_its_upper_byte() -> None:
    deep: NDArray[np.uint16] = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    pixels = decode(encoded(Image.fromarray(deep)), name="a")
    assert np.array_equal(pixels, np.repeat((deep >> 8).astype(np.uint8)[:, :, None], 3, axis=2))


def test_transparency_lies_on_black() -> None:
    picture = slope("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    assert not decode(encoded(picture), name="a").any()
    grey = Image.new("LA", (16, 16), (200, 128))
    assert np.all(np.abs(decode(encoded(grey), name="a").astype(int) - 100) <= 1)
    palette = slope("P")
    assert decode(encoded(palette, transparency=0), name="a").shape == (16, 24, 3)


@pytest.mark.parametrize("side", [10_000, 14_000, 60_000, 2**31 - 1])
def test_absurd_dimensions_are_refused_before_any_pixel(side: int) -> None:
    strictness: Literal["error", "ignore"]
    for strictness in ("error", "ignore"):
        with warnings.catch_warnings():
            warnings.simplefilter(strictness, Image.DecompressionBombWarning)
            with pytest.raises(InputError, match=r"huge\.png .*scale it down"):
                decode(png_header(side, side), name="huge.png")


def test_the_limit_on_pixels_is_ours() -> None:
    with pytest.raises(InputError, match="24x16 pixels, at most 383"):
        decode(encoded(slope()), name="a", limits=Limits(max_pixels=383))
    assert decode(encoded(slope()), name="a", limits=Limits(max_pixels=384)).shape == (16, 24, 3)


@pytest.mark.parametrize("size", [(7, 100), (100, 7), (1, 1)])
def test_tiny_pictures_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="at least 8x8"):
        decode(encoded(slope(size=size)), name="a")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_truncated_pictures_are_refused(kind: str) -> None:
    data = encoded(Image.open(FACES[0]), kind)
    for keep in (0.2, 0.5, 0.9):
        with pytest.raises(InputError, match=r"^cut\.jpg is "):
            decode(data[: int(len(data) * keep)], name="cut.jpg")


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"GIF89a" + b"\x00" * 60, b"\xff\xd8\xff", b"%!PS-Adobe", b"PK\x03\x04"]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="a\\.jpg"):
        decode(data, name="a.jpg")


def test_formats_that_were_not_named_are_refused() -> None:
    for kind in ("GIF", "TIFF", "PPM", "ICO"):
        with pytest.raises(InputError, match="JPEG, PNG, BMP or WebP needed"):
            decode(encoded(slope(), kind), name="a.jpg")


def test_a_name_cannot_write_to_the_terminal() -> None:
    with pytest.raises(InputError) as caught:
        decode(b"", name="\x1b[2Jgone\n.jpg")
    assert str(caught.value).isprintable()


def test_decode_image_gives_the_same_pixels() -> None:
    deep = Image.fromarray(np.linspace(0, 65535, 384).astype(np.uint16).reshape(16, 24))
    turned = Image.Exif()
    turned[0x0112] = 6
    samples = [
        encoded(slope(mode), kind)
        for mode, kind in (("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"))
    ]
    for data in (*samples, encoded(deep), encoded(slope(), "JPEG", exif=turned)):
        image = decode_image(data, name="a")
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), decode(data, name="a"))


def test_decode_image_refuses_alike() -> None:
    for data in (b"", encoded(slope())[:60], png_header(9_000, 9_000), encoded(slope(size=(7, 9)))):
        with pytest.raises(InputError) as of_array:
            decode(data, name="a")
        with pytest.raises(InputError) as of_image:
            decode_image(data, name="a")
        assert str(of_image.value) == str(of_array.value)


def test_a_large_jpeg_is_decoded_small_where_that_is_enough() -> None:
    file = io.BytesIO()
    Image.effect_noise((1000, 640), 30).convert("RGB").save(file, "JPEG")
    data = file.getvalue()
    sizes = {n: decode_image(data, name="a", enough=n).size for n in (240, 500, 501, 5000)}
    assert sizes == {240: (250, 160), 500: (500, 320), 501: (1000, 640), 5000: (1000, 640)}
    png = io.BytesIO()
    Image.new("RGB", (1000, 640)).save(png, "PNG")
    assert decode_image(png.getvalue(), name="a", enough=240).size == (1000, 640)
