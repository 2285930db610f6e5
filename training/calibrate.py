# SPDX-License-Identifier: Apache-2.0
"""Fits how a bundle decides, on held-out int8 outputs: offset, temperature, threshold of "unsure".

In this order: each is fitted with the ones before it applied.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.bundle.manifest import ClassifierDecision, Fitting
from device.imaging import second_view
from device.records import FaceCrop
from training.metrics import figure

# The rule: answer as often as an accuracy of 95 % among the answers allows, but at least 85 %. A
# point is added: held-out pictures, which also choose between models, were seen to flatter by about
# as much (answers 95.8 % right on them, 95.0 % on fairface-val; more in models/EXPERIMENTS.md).
TARGET_ACCURACY: Final = 0.96
MIN_COVERAGE: Final = 0.85
MAX_OFFSET: Final = 5.0  # as far as a bundle may go

# Where women and men are even, the women of the worst group are still recognised less often than
# its men, by each of nine networks (models/EXPERIMENTS.md). One point between all women and all
# men, by which a good model may differ anyway, is given to them.
MAX_LEAD: Final = 0.01
FITTING: Final = Fitting(
    max_lead=MAX_LEAD, target_accuracy=TARGET_ACCURACY, min_coverage=MIN_COVERAGE
)


def offset_rule(fitting: Fitting) -> str:
    """How the offset was chosen, in words."""
    if not fitting.max_lead:
        return "the shift of the logit at which women and men are recognised equally often"
    return (
        "the shift of the logit at which women are recognised most often while they lead men by "
        f"at most {100 * fitting.max_lead:g} point"
    )


def threshold_rule(fitting: Fitting) -> str:
    """How the threshold of "unsure" was chosen, in words."""
    least = f"{fitting.min_coverage:.0%}"
    return (
        f"the smallest confidence whose answers are surely {fitting.target_accuracy:.1%} right "
        f"(lower end of the Wilson interval) at {least} coverage or more, else the one that left "
        f"{least}"
    )


def decide(
    scores: NDArray[np.float64],
    female: NDArray[np.bool_],
    *,
    offset: float,
    min_face_pixels: int,
    second_look: float = 0.0,
) -> ClassifierDecision:
    """Fit temperature and threshold under an offset.

    Args:
        scores: float64[n], logits of "female" of pictures that were not trained on, after
            `looked_twice`.
        female: bool[n], the true labels.
        offset: see `fit_offset`.
        min_face_pixels, second_look: taken over into the decision.
    """
    temperature = fit_temperature(scores - offset, female)
    return ClassifierDecision(
        temperature=temperature,
        min_confidence=choose_threshold(scores - offset, female, temperature),
        min_face_pixels=min_face_pixels,
        offset=offset,
        second_look=second_look,
        fitting=FITTING,
    )


def looked_twice(
    looks: Sequence[Callable[[NDArray[np.uint8]], NDArray[np.float64]]],
    crops: NDArray[np.uint8],
    within: float,
    *,
    margin: int = 0,
) -> NDArray[np.float64]:
    """Logits of "female" after a second look at the doubtful ones, as the device has them.

    Args:
        looks: of each model, uint8[k, size, size, 3 or 1] -> float64[k] logits of one look; the
            first one looks at all crops, all of them at the second view of the doubtful ones.
        crops: uint8[n, s, s, 3 or 1], with `margin` pixels around each.
        within: logits nearer to 0 than this become the mean with those of the second view.
        margin: of the bundle's crop rule.

    Returns:
        float64[n].
    """
    end = crops.shape[1] - margin
    scores = looks[0](crops[:, margin:end, margin:end])
    doubtful = np.abs(scores) < within
    if doubtful.any():
        views = np.stack([second_view(FaceCrop(crop, margin)) for crop in crops[doubtful]])
        again = sum(look(views) for look in looks)
        scores[doubtful] = (scores[doubtful] + again) / (1 + len(looks))
    return scores


def probabilities(scores: NDArray[np.float64], decision: ClassifierDecision) -> NDArray[np.float64]:
    """Probability of "female" under a decision, as the device computes it; 0.5 itself is "female".

    Args:
        scores: float64[n], logits of "female".
        decision: offset and temperature are used.

    Returns:
        float64[n].
    """
    exponents = (decision.offset - scores) / decision.temperature
    return np.asarray(1 / (1 + np.exp(np.minimum(700.0, exponents))))


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


def float_logits(outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logit of "female" taken back from softmax outputs in float.

    Args:
        outputs: float[n, 2], female first.

    Returns:
        float64[n].
    """
    logs = np.log(np.maximum(outputs.astype(np.float64), 1e-12))
    return np.asarray(logs[:, 0] - logs[:, 1])


def fit_offset(scores: NDArray[np.float64], female: NDArray[np.bool_]) -> float:
    """The offset with the highest recall of women that leads that of men by at most MAX_LEAD.

    Moving the threshold of a finished classifier instead of training it anew is the post-hoc logit
    adjustment of Menon et al., "Long-tail learning via logit adjustment", arXiv 2007.07314, section
    4.1; there the shift is computed from label frequencies, here it is fitted to the recalls.

    Args:
        scores: float64[n], logits of "female".
        female: bool[n], the true labels.

    Returns:
        A value midway between two neighbouring scores, so that no picture lies on it, within
        MAX_OFFSET; of several with the same recall of women that which finds most men, then the one
        nearest to zero; the one with the most even recalls where few pictures allow no such lead;
        0 where one label is missing.
    """
    women, men = np.sort(scores[female]), np.sort(scores[~female])
    if not len(women) or not len(men):
        return 0.0
    distinct = np.unique(scores)
    middles = np.round((distinct[:-1] + distinct[1:]) / 2, 4)
    candidates = np.append(middles[np.abs(middles) <= MAX_OFFSET], 0.0)
    found_women = 1 - np.searchsorted(women, candidates, side="left") / len(women)
    found_men = np.searchsorted(men, candidates, side="left") / len(men)
    lead = np.round(found_women - found_men, 9)
    allowed = (lead >= 0) & (lead <= MAX_LEAD)
    if not allowed.any():
        return float(candidates[np.lexsort((np.abs(candidates), np.abs(lead)))[0]])
    order = np.lexsort((np.abs(candidates), -found_men, -found_women, ~allowed))
    return float(candidates[order[0]])


def fit_temperature(scores: NDArray[np.float64], female: NDArray[np.bool_]) -> float:
    """The temperature with the lowest negative log-likelihood (Guo et al., arXiv 1706.04599).

    Args:
        scores: float64[n], logits of "female", less the offset.
        female: bool[n], the true labels.
    """
    signed = np.where(female, scores, -scores)
    candidates = np.exp(np.linspace(np.log(0.2), np.log(5.0), 600))
    losses = [np.logaddexp(0, -signed / t).mean() for t in candidates]
    return round(float(candidates[int(np.argmin(losses))]), 4)


def choose_threshold(
    scores: NDArray[np.float64], female: NDArray[np.bool_], temperature: float
) -> float:
    """The smallest confidence whose answers surely reach TARGET_ACCURACY, at MIN_COVERAGE or more.

    Surely: with the lower end of their Wilson interval, for a threshold that just reaches it on the
    pictures at hand misses it on every second set of others. Where the target is out of reach at
    that coverage, the confidence that leaves just MIN_COVERAGE.

    Args:
        scores: float64[n], logits of "female", less the offset.
        female: bool[n], the true labels.
        temperature: see `fit_temperature`.
    """
    confidence = 1 / (1 + np.exp(-np.abs(scores) / temperature))
    right = (scores >= 0) == female
    for threshold in np.unique(confidence):
        answered = confidence >= threshold
        if answered.mean() < MIN_COVERAGE:
            break
        if figure(int(right[answered].sum()), int(answered.sum())).low >= TARGET_ACCURACY:
            return _down(float(threshold))
    return _down(float(np.quantile(confidence, 1 - MIN_COVERAGE, method="lower")))


def _down(confidence: float) -> float:
    """Four digits, rounded down so that the picture that set the threshold is still answered."""
    return max(0.5, float(np.floor(confidence * 1e4) / 1e4))
