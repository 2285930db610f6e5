# SPDX-License-Identifier: Apache-2.0
"""Fits the temperature and chooses the threshold of "unsure", on held-out int8 outputs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# The rule: answer as often as an accuracy of 95 % among the answers allows, but at least 85 %.
TARGET_ACCURACY: Final = 0.95
MIN_COVERAGE: Final = 0.85


def logits(outputs: NDArray[np.int8], scale: float, zero_point: int) -> NDArray[np.float64]:
    """Logit of "female" taken back from quantised softmax outputs, as the device does.

    Args:
        outputs: int8[n, 2], female first.
        scale, zero_point: the output tensor's quantisation.

    Returns:
        float64[n].
    """
    probabilities = (outputs.astype(np.float64) - zero_point) * scale
    logs = np.log(np.maximum(probabilities, scale / 2))
    return np.asarray(logs[:, 0] - logs[:, 1])


def fit_temperature(scores: NDArray[np.float64], female: NDArray[np.bool_]) -> float:
    """The temperature with the lowest negative log-likelihood (Guo et al., arXiv 1706.04599).

    Args:
        scores: float64[n], logits of "female".
        female: bool[n], the true labels.
    """
    signed = np.where(female, scores, -scores)
    candidates = np.exp(np.linspace(np.log(0.2), np.log(5.0), 600))
    losses = [np.logaddexp(0, -signed / t).mean() for t in candidates]
    return round(float(candidates[int(np.argmin(losses))]), 4)


def choose_threshold(
    scores: NDArray[np.float64], female: NDArray[np.bool_], temperature: float
) -> float:
    """The smallest confidence whose answers reach TARGET_ACCURACY, at MIN_COVERAGE or more.

    Where the target is out of reach at that coverage, the confidence that leaves just MIN_COVERAGE.

    Args:
        scores: float64[n], logits of "female".
        female: bool[n], the true labels.
        temperature: see `fit_temperature`.
    """
    confidence = 1 / (1 + np.exp(-np.abs(scores) / temperature))
    right = (scores >= 0) == female
    for threshold in np.unique(confidence):
        answered = confidence >= threshold
        if answered.mean() < MIN_COVERAGE:
            break
        if right[answered].mean() >= TARGET_ACCURACY:
            return _down(float(threshold))
    return _down(float(np.quantile(confidence, 1 - MIN_COVERAGE, method="lower")))


def _down(confidence: float) -> float:
    """Four digits, rounded down so that the picture that set the threshold is still answered."""
    return max(0.5, float(np.floor(confidence * 1e4) / 1e4))
