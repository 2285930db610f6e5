# SPDX-License-Identifier: Apache-2.0
"""Which face continues which track."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box
from device.tracker.association import covered_share, match


def box(x: float, width: float = 100, y: float = 0) -> Box:
    return Box(x - width / 2, y, width, width)


def matched(
    predicted: Sequence[Box],
    seen: Sequence[Box],
    *,
    lost: Sequence[bool] | None = None,
    reach: float = 1.0,
) -> dict[int, int]:
    return match(
        predicted,
        seen,
        lost=lost or [False] * len(predicted),
        reach_widths=[reach] * len(predicted),
        min_iou=0.2,
        max_size_ratio=1.5,
    )


@pytest.mark.parametrize(
    ("predicted", "seen", "expected"),
    [
        ([], [], {}),
        ([box(0)], [], {}),
        ([], [box(0)], {}),
        ([box(0)], [box(10)], {0: 0}),
        ([box(0)], [box(90)], {0: 0}),  # hardly any overlap, but near
        ([box(0)], [box(110)], {}),
        ([box(0)], [box(40, 40)], {}),  # near, but of another size
        ([box(0), box(200)], [box(190), box(20)], {0: 1, 1: 0}),
        ([box(0)], [box(30), box(10)], {1: 0}),
        ([box(0), box(40)], [box(50), box(45)], {1: 1, 0: 0}),
        ([Box(0, 0, 0, 0)], [Box(0, 0, 0, 0)], {}),
    ],
)
def test_who_goes_on(
    predicted: Sequence[Box], seen: Sequence[Box], expected: dict[int, int]
) -> None:
    assert matched(predicted, seen) == expected


def test_who_was_just_seen_chooses_before_who_was_lost() -> None:
    both = [box(0), box(30)]
    assert matched(both, [box(2)]) == {0: 0}
    assert matched(both, [box(2)], lost=[True, False]) == {0: 1}


def test_overlap_out_of_reach_does_not_count() -> None:
    assert matched([box(0)], [box(40)], reach=0.5) == {0: 0}
    assert matched([box(0)], [box(40)], reach=0.3) == {}


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        (box(0), box(0), 1.0),
        (box(0, 50, y=20), box(0), 1.0),
        (box(0), box(50), 0.5),
        (box(0), box(300), 0.0),
        (Box(0, 0, 0, 0), box(0), 0.0),
    ],
)
def test_covered_share(one: Box, other: Box, share: float) -> None:
    assert covered_share(one, other) == pytest.approx(share)


boxes = st.lists(
    st.builds(box, st.floats(-500, 500), st.floats(0, 200), st.floats(0, 100)), max_size=6
)


@given(boxes, boxes)
def test_nobody_is_used_twice(predicted: list[Box], seen: list[Box]) -> None:
    pairs = matched(predicted, seen)
    assert len(set(pairs.values())) == len(pairs)
    assert set(pairs) <= set(range(len(seen)))
    assert set(pairs.values()) <= set(range(len(predicted)))
