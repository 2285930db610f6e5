# SPDX-License-Identifier: Apache-2.0
"""A frame as a JPEG for the person who asked for that one still, or black where it is hidden."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.records import Frame

_QUALITY = 90


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The JPEG of uint8[height, width, 3] (R, G, B)."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()


def blackened(frame: Frame) -> Frame:
    """The same frame with nothing to be seen in it."""
    return Frame(frame.number, frame.taken_at, np.zeros_like(frame.pixels))
