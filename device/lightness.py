# SPDX-License-Identifier: Apache-2.0
"""How light a face is in its crop, and the second view of it for a classifier in doubt."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

# The mean over FairFace's training pictures.
MIDDLE: Final = 112
# The middle of a face, as parts of a crop's side: brows to upper lip, and no hair or background.
_ROWS, _COLUMNS = (0.42, 0.72), (0.28, 0.72)
# ITU-R BT.601, in thousandths: whole numbers are the same on every machine.
_LUMA: Final = np.array([299, 587, 114], np.int32)
# A power of black or white is what it was.
_DARKEST, _LIGHTEST = 1, 254


def lightness(pixels: NDArray[np.uint8]) -> float:
    """The median luma of the middle of a face, 0 to 255.

    Args:
        pixels: uint8[s, s, 3 or 1], a levelled face as the device cuts it.
    """
    side = pixels.shape[0]
    rows, columns = (slice(*(int(part * side) for part in ends)) for ends in (_ROWS, _COLUMNS))
    middle = pixels[rows, columns].astype(np.int32)
    thousandths = middle @ _LUMA if pixels.shape[2] == len(_LUMA) else 1000 * middle
    return float(np.median(thousandths)) / 1000


def second_view(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mirror image, its face brought halfway to a middle lightness by a gamma.

    A face means the same either way round and in any light, while a network's errors differ: it
    takes darkness for a sign of men, which pictures from the web taught it.

    Args:
        pixels: uint8[s, s, 3 or 1].

    Returns:
        uint8 of the same shape.
    """
    light = min(max(lightness(pixels), _DARKEST), _LIGHTEST)
    gamma = math.sqrt(math.log(MIDDLE / 255) / math.log(light / 255))
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    view: NDArray[np.uint8] = table[pixels[:, ::-1]]
    return view
