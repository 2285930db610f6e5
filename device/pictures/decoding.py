# SPDX-License-Identifier: Apache-2.0
"""Bytes to pixels, through Pillow, with only the formats that Passerby names."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from device.errors import InputError
from device.pictures.base import DEFAULT_LIMITS, Limits, printable

T = TypeVar("T")

MIN_SIDE = 8
ORIENTATION_TAG = 0x0112

_PLUGINS = (JpegImagePlugin, PngImagePlugin, BmpImagePlugin, WebPImagePlugin)
# A Pillow built without WebP registers none, and naming it then would load every other plugin.
_FORMATS = tuple(name for name in ("JPEG", "PNG", "BMP", "WEBP") if name in Image.OPEN)

# What Pillow 10 to 13 was seen to raise for damaged data.
_PILLOW_RAISES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    RuntimeError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # where warnings are made errors
)

# As in PIL.ImageOps.exif_transpose, which also rewrites the tags: work that pixels do not need.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Our own limit is stricter and an error, and damaged tags are no reason to speak: upright it is.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def decode(data: bytes, *, name: str, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """One picture as uint8[height, width, 3] in R, G, B order, upright, contiguous, read-only.

    EXIF orientation is applied, transparency lies on black, 16-bit grey keeps its upper byte, and
    of an animation the first picture counts. `name` is for the message.

    Raises:
        InputError: not a JPEG, PNG, BMP or WebP, truncated or damaged, too small or too large.
    """
    return _decoded(data, name, limits, lambda image: np.asarray(_upright(image), dtype=np.uint8))


def decode_image(
    data: bytes, *, name: str, limits: Limits = DEFAULT_LIMITS, enough: int | None = None
) -> Image.Image:
    """The same as `decode`, pixel for pixel and error for error, as a loaded image in mode RGB.

    With `enough`, a JPEG whose longer side is twice (four, eight times) as many pixels long or more
    is decoded at a half (quarter, eighth) of its size: quicker, and in a fraction of the memory.
    """

    def finish(image: Image.Image) -> Image.Image:
        longer = max(image.size)
        if enough is not None and longer > enough:
            width, height = (max(1, side * enough // longer) for side in image.size)
            image.draft(None, (width, height))
        return _upright(image)

    return _decoded(data, name, limits, finish)


def _decoded(data: bytes, name: str, limits: Limits, finish: Callable[[Image.Image], T]) -> T:
    """What `finish` makes of the picture, under the guard of its size and against its damage."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(image.size, name, limits)
            return finish(image)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            f"{printable(name)} is not a picture that can be read: JPEG, PNG, BMP or WebP needed"
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"{printable(name)} claims far more than {limits.max_pixels} pixels: scale it down"
        ) from None
    except _PILLOW_RAISES as error:
        raise InputError(
            f"{printable(name)} is truncated or damaged ({printable(str(error))}): leave it out or "
            "fetch it again"
        ) from error


def _check_size(size: tuple[int, int], name: str, limits: Limits) -> None:
    width, height = size
    if width < MIN_SIDE or height < MIN_SIDE:
        raise InputError(
            f"{printable(name)} is {width}x{height} pixels, at least {MIN_SIDE}x{MIN_SIDE} are "
            "needed: leave it out"
        )
    if width * height > limits.max_pixels:
        raise InputError(
            f"{printable(name)} is {width}x{height} pixels, at most {limits.max_pixels} in all are "
            "allowed: scale it down"
        )


def _upright(image: Image.Image) -> Image.Image:
    """The decoded image as RGB; the ordinary RGB picture takes the shortest way."""
    image.load()
    turn = _UPRIGHT.get(_orientation(image))
    upright = image if turn is None else image.transpose(turn)
    if upright.mode.startswith("I"):
        upright = Image.fromarray(np.minimum(np.asarray(upright) >> 8, 255).astype(np.uint8))
    return _opaque(upright)


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        picture = image.convert("RGBA")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, picture).convert("RGB")
    return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF in a sound picture counts as upright."""
    if not ("exif" in image.info or "xmp" in image.info or "Raw profile type exif" in image.info):
        return 1
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except _PILLOW_RAISES:
        return 1
    return value if isinstance(value, int) else 1
