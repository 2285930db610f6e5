# SPDX-License-Identifier: Apache-2.0
"""Scores as text for a person: a row for each scene, then what it comes to."""

from collections.abc import Sequence

from device.records import UNSURE
from training.scenes.scoring import SceneScore, total

HEADER = (
    "scene",
    "seed",
    "true",
    "counted",
    "missed",
    "doubled",
    "extra",
    "phantom",
    "switches",
    "right",
    "wrong",
    "unsure",
)


def as_table(scores: Sequence[SceneScore]) -> str:
    """Aligned columns and two sentences."""
    rows = [HEADER, *(_row(score) for score in scores)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join([*lines, "", *_summary(scores)])


def _row(score: SceneScore) -> tuple[str, ...]:
    matched = [outcome for outcome in score.outcomes if outcome.counted]
    unsure = sum(outcome.perceived == UNSURE for outcome in matched)
    right = sum(outcome.perceived == outcome.label for outcome in matched)
    numbers = (
        score.seed,
        len(score.outcomes),
        score.counted,
        len(score.outcomes) - len(matched),
        sum(outcome.doubles for outcome in score.outcomes),
        score.extras,
        score.phantoms,
        score.switches,
        right,
        len(matched) - right - unsure,
        unsure,
    )
    return (score.name, *map(str, numbers))


def _summary(scores: Sequence[SceneScore]) -> list[str]:
    score = total(scores)
    return [
        f"Visits: {score.counted} counted, {score.true_visits} true; off by "
        f"{_percent(score.count_error)} in all, by {_percent(score.mean_scene_count_error)} in the "
        "mean scene.",
        f"Perceived gender as labelled: {score.right} of {score.decided} decided visits "
        f"({_percent(score.right_of_decided)}); unsure: {_percent(score.unsure_share)} of "
        f"{score.decided + score.unsure} matched visits.",
    ]


def _percent(share: float | None) -> str:
    return "nothing" if share is None else f"{share:.1%}"
