# SPDX-License-Identifier: Apache-2.0
"""Mirrors and turns: what the camera cannot do itself is done to its pixels."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Turn:
    """First mirrored (left and right, top and bottom), then turned clockwise by quarters."""

    horizontal: bool = False
    vertical: bool = False
    quarters: int = 0

    @classmethod
    def of(cls, *, rotation_degrees: int, horizontal: bool, vertical: bool) -> "Turn":
        """The same with as few quarters as can be: half a turn is both mirrors, which are free."""
        half, quarters = divmod(rotation_degrees // 90 % 4, 2)
        return cls(horizontal ^ bool(half), vertical ^ bool(half), quarters)

    def without_mirrors(self) -> "Turn":
        """What is left when the camera mirrors by itself."""
        return replace(self, horizontal=False, vertical=False)

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`pixels` uint8[height, width, 3] as wished, contiguous; the same when nothing is."""
        if self.horizontal:
            pixels = pixels[:, ::-1]
        if self.vertical:
            pixels = pixels[::-1]
        if self.quarters:
            pixels = np.rot90(pixels, -self.quarters)
        return np.ascontiguousarray(pixels)
