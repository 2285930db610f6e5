# SPDX-License-Identifier: Apache-2.0
"""The one reader of pictures: a file, a folder or a ZIP, all of them taken for hostile.

`open_source` lists and reads bytes; `decode` turns bytes into an array of pixels, `decode_image`
into a Pillow image, which spares a copy where one is wanted. Nothing is ever unpacked to
disk. What is wrong with one entry becomes a `Refusal` (at listing) or an `InputError` (at reading);
what is wrong with the whole raises `InputError` at once.
"""

from device.pictures.base import DEFAULT_LIMITS, Limits, PictureSource, Refusal
from device.pictures.decoding import decode, decode_image
from device.pictures.opening import open_source

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "PictureSource",
    "Refusal",
    "decode",
    "decode_image",
    "open_source",
]
