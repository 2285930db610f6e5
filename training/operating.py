# SPDX-License-Identifier: Apache-2.0
"""How a model decides on labelled pictures, as points to draw: confusion, ROC, any threshold."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from device.bundle.manifest import Figure
from training import metrics
from training.metrics import Outcome

LABELS: Final = ("female", "male")
ANSWERS: Final = ("female", "male", "unsure", "no face")


@dataclass(frozen=True, slots=True)
class Roc:
    """Women found against men mistaken, over all thresholds, of found faces.

    Attributes:
        mistaken, found: shares of men and of women called female, from the strictest threshold on.
        area: under the curve, 0 to 1.
        even: both shares where "female" and "male" are equally likely.
    """

    mistaken: tuple[float, ...]
    found: tuple[float, ...]
    area: float
    even: tuple[float, float]


def answer(one: Outcome) -> str:
    """What was answered, one of ANSWERS."""
    if one.female is None:
        return "no face"
    if not one.sure:
        return "unsure"
    return "female" if one.female >= 0.5 else "male"


def confusion(outcomes: Sequence[Outcome]) -> list[list[int]]:
    """Counts by label (rows, LABELS) and answer (columns, ANSWERS)."""
    counts = [[0] * len(ANSWERS) for _ in LABELS]
    for one in outcomes:
        counts[LABELS.index(one.truth)][ANSWERS.index(answer(one))] += 1
    return counts


def both_labels(outcomes: Sequence[Outcome]) -> bool:
    """Whether faces of women and of men were found, which a ROC needs."""
    return len({one.truth for one in outcomes if one.female is not None}) == len(LABELS)


def roc(outcomes: Sequence[Outcome]) -> Roc:
    """The curve of outcomes that have both labels (see `both_labels`)."""
    faces = [(o.female, o.truth == "female") for o in outcomes if o.female is not None]
    women = sum(female for _, female in faces)
    men = len(faces) - women
    hits, alarms, area = [0.0], [0.0], 0.0
    steps: dict[float, list[int]] = {}
    for probability, female in faces:
        steps.setdefault(probability, [0, 0])[0 if female else 1] += 1
    for probability in sorted(steps, reverse=True):  # equal ones at once: their order means nothing
        more_women, more_men = steps[probability]
        hits.append(hits[-1] + more_women / women)
        alarms.append(alarms[-1] + more_men / men)
        area += (hits[-1] + hits[-2]) / 2 * (alarms[-1] - alarms[-2])
    found = sum(p >= 0.5 for p, female in faces if female) / women
    mistaken = sum(p >= 0.5 for p, female in faces if not female) / men
    return Roc(tuple(alarms), tuple(hits), area, (mistaken, found))


def with_threshold(outcomes: Sequence[Outcome], threshold: float) -> list[Outcome]:
    """The same outcomes as a bundle would give them that is unsure below `threshold`."""
    return [
        dataclasses.replace(one, sure=one.female is not None and one.confidence >= threshold)
        for one in outcomes
    ]


def coverage(outcomes: Sequence[Outcome]) -> tuple[Figure, Figure]:
    """How many pictures are answered, and how many of the answers are right."""
    answered = [one for one in outcomes if one.sure]
    return metrics.figure(len(answered), len(outcomes)), metrics.accuracy(answered)
