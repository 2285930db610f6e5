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

from device.imaging import lightness

BINS: Final = 20


def lights(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The lightness of each face: float32[k], 0 to 255, from uint8[k, s, s, 3 or 1] crops."""
    return np.array([lightness(crop) for crop in crops], np.float32)


def evened(light: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weights, 1 in the mean, with which each label is as frequent in each of BINS of lightness.

    Args:
        light: float32[k], from `lights`.
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
