# SPDX-License-Identifier: Apache-2.0
"""Points to draw: confusion, ROC, and what another threshold would give."""

import pytest

from training import operating
from training.metrics import Outcome

FEMALE = Outcome("a", "female", "", "", 0.9, True)
MILD = Outcome("b", "female", "", "", 0.4, False)
MALE = Outcome("c", "male", "", "", 0.2, True)
WRONG = Outcome("d", "male", "", "", 0.95, True)
MISSED = Outcome("e", "male", "", "", None, False)
ALL = [FEMALE, MILD, MALE, WRONG, MISSED]


def test_confusion_counts_unsure_and_no_face_as_answers() -> None:
    assert operating.confusion(ALL) == [[1, 0, 1, 0], [1, 1, 0, 1]]
    assert operating.confusion([]) == [[0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_roc_of_four_faces() -> None:
    found = operating.roc(ALL)
    # From the likeliest woman down: a man, a woman, a woman, a man.
    assert found.mistaken == (0.0, 0.5, 0.5, 0.5, 1.0)
    assert found.found == (0.0, 0.0, 0.5, 1.0, 1.0)
    assert found.area == pytest.approx(0.5)
    assert found.even == (0.5, 0.5)


def test_a_roc_needs_faces_of_both_labels() -> None:
    assert operating.both_labels(ALL)
    assert not operating.both_labels([FEMALE, MILD, MISSED])
    assert not operating.both_labels([])


@pytest.mark.parametrize(
    ("threshold", "answered", "right"), [(0.5, 4, 2), (0.9, 2, 1), (0.96, 0, 0)]
)
def test_another_threshold_answers_more_or_less(
    threshold: float, answered: int, right: int
) -> None:
    share, accuracy = operating.coverage(operating.with_threshold(ALL, threshold))
    assert (share.n, round(share.value * 5)) == (5, answered)
    assert (accuracy.n, round(accuracy.value * answered)) == (answered, right)
