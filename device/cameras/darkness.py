# SPDX-License-Identifier: Apache-2.0
"""Tells a camera that shows only black from one that shows a dark room.

A sensor that works has noise: even with the lens covered its automatic gain lifts some pixels. One
whose cable or driver has failed gives zeros, or next to it.
"""

import numpy as np
from numpy.typing import NDArray

from device.errors import CameraBlackError

# The brightest value of a black picture; JPEG and limited range leave a little above 0.
_BLACK_LEVEL = 8
_SAMPLE_STEP = 8


def is_black(pixels: NDArray[np.uint8]) -> bool:
    """Whether no pixel of a grid over uint8[height, width, 3] is brighter than black."""
    return bool(pixels[::_SAMPLE_STEP, ::_SAMPLE_STEP].max() <= _BLACK_LEVEL)


class Darkness:
    """Lasts as long as every frame is black.

    Args:
        seconds: how long that may go on; 0 is for ever.
        subject: the camera, as the error names it.
    """

    def __init__(self, seconds: float, *, subject: str) -> None:
        self._seconds = seconds
        self._subject = subject
        self._since: float | None = None

    def look(self, pixels: NDArray[np.uint8], now: float) -> None:
        """Take in the frame of the moment `now`.

        Raises:
            CameraBlackError: every frame was black for too long.
        """
        if not self._seconds or not is_black(pixels):
            self._since = None
            return
        if self._since is None:
            self._since = now
        if now - self._since >= self._seconds:
            raise CameraBlackError(
                f"the {self._subject} has shown nothing but black for {now - self._since:.1f} s, "
                "expected a picture: check its lens cap, its cable and the light, or set "
                "camera.black_seconds"
            )
