# SPDX-License-Identifier: Apache-2.0
"""The vote of one track: weights, the unsure band and the hysteresis of the steady label."""

import pytest

from device.records import Box, Face, PerceivedGender, Perception
from device.tracker.vote import Vote, VoteRules

RULES = VoteRules(decide_share=0.7, keep_share=0.55, min_weight=0.5, full_width_pixels=100)


def cast(vote: Vote, female: float, *, width: float = 100, score: float = 1.0) -> PerceivedGender:
    label: PerceivedGender = "female" if female >= 0.5 else "male"
    face = Face(Box(0, 0, width, width), (), score)
    vote.cast(face, Perception(female, 1 - female, label))
    return vote.steady


def test_nothing_heard_is_unsure_with_even_odds() -> None:
    vote = Vote(RULES)
    assert (vote.decided, vote.steady, vote.share) == ("unsure", "unsure", 0.5)


@pytest.mark.parametrize(
    ("female", "width", "score", "weight"),
    [
        (1.0, 100, 1.0, 1.0),
        (0.0, 100, 1.0, 1.0),
        (1.0, 50, 1.0, 0.5),
        (1.0, 400, 1.0, 1.0),
        (1.0, 100, 0.6, 0.6),
        (0.75, 100, 1.0, 0.5),
        (0.5, 100, 1.0, 0.0),
    ],
)
def test_a_look_weighs_by_size_score_and_certainty(
    female: float, width: float, score: float, weight: float
) -> None:
    vote = Vote(RULES)
    cast(vote, female, width=width, score=score)
    assert vote.female + vote.male == pytest.approx(weight)
    assert vote.female == pytest.approx(weight * female)


def test_one_poor_look_does_not_decide() -> None:
    vote = Vote(RULES)
    assert cast(vote, 0.95, width=30) == "unsure"
    assert vote.share > RULES.decide_share
    assert cast(vote, 0.95, width=100) == "female"


def test_a_steady_label_is_kept_longer_than_it_takes_to_win_it() -> None:
    vote = Vote(RULES)
    assert cast(vote, 1.0) == "female"
    assert cast(vote, 0.15) == "female"
    assert vote.decided == "unsure"
    assert vote.share < RULES.decide_share


def test_the_other_side_has_to_win_outright() -> None:
    vote = Vote(RULES)
    cast(vote, 1.0)
    shown = [cast(vote, 0.0) for _ in range(4)]
    assert shown == ["unsure", "unsure", "male", "male"]
