# SPDX-License-Identifier: Apache-2.0
"""Weights under which how light a face is in its picture says nothing of its label.

In pictures from the web the darkest tenth of faces are men nearly two times in three and the
lightest are women three times in five. A network learns that too, and then takes dark-skinned women
for men. Evening it out needs pixels and labels and no word on anybody's race; that such balancing
does as well for the worst group as cleverer methods is shown by Idrissi et al., "Simple data
balancing achieves competitive worst-group-accuracy" (arXiv 2110.14503).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 20
# The middle of a face, as parts of a crop's side: brows to upper lip, and no hair or background.
_ROWS, _COLUMNS = (0.42, 0.72), (0.28, 0.72)
# ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def lightness(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The median luma of the middle of each face, 0 to 255: float32[k].

    Args:
        crops: uint8[k, s, s, 3 or 1], levelled faces as the device cuts them.
    """
    side = crops.shape[1]
    rows, columns = (slice(*(int(part * side) for part in ends)) for ends in (_ROWS, _COLUMNS))
    middles = crops[:, rows, columns].astype(np.float32)
    luma = middles @ _LUMA if crops.shape[3] == len(_LUMA) else middles[..., 0]
    medians: NDArray[np.float32] = np.median(luma.reshape(len(crops), -1), axis=1)
    return medians


def evened(light: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weights, 1 in the mean, with which each label is as frequent in each of BINS of lightness.

    Args:
        light: float32[k], from `lightness`.
        labels: int64[k].

    Returns:
        float32[k]. Every bin keeps the weight of its crops; one that knows but one label weighs 1.
    """
    edges = np.quantile(light, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, light)
    weights = np.ones(len(light), np.float32)
    for one in range(BINS):
        inside = bins == one
        kinds, counts = np.unique(labels[inside], return_counts=True)
        for kind, count in zip(kinds, counts, strict=True):
            weights[inside & (labels == kind)] = inside.sum() / (len(kinds) * count)
    return weights
