# SPDX-License-Identifier: Apache-2.0
"""The classifier's time is bounded on average, and faces take turns in what there is of it."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.allowance import Allowance


def spent(allowance: Allowance, frames: int, faces: int, cost: float) -> list[list[int]]:
    """The faces that were looked at in each frame."""
    looked: list[list[int]] = []
    for _ in range(frames):
        allowance.grant()
        looked.append([])
        for face in allowance.in_turn(range(faces)):
            if allowance.open:
                allowance.spend(cost)
                looked[-1].append(face)
    return looked


def test_without_a_limit_every_face_is_looked_at_in_every_frame() -> None:
    assert [sorted(seen) for seen in spent(Allowance(), 5, 4, 1e9)] == [[0, 1, 2, 3]] * 5


@given(
    st.integers(1, 200),
    st.integers(0, 9),
    st.floats(1e-4, 2.0),
    st.floats(1e-3, 0.1),
)
def test_all_frames_together_cost_at_most_their_grants_and_one_face(
    frames: int, faces: int, cost: float, grant: float
) -> None:
    looked = spent(Allowance(grant), frames, faces, cost)
    assert sum(map(len, looked)) * cost <= frames * grant + cost + 1e-9


def test_one_frame_never_waits_for_two_slow_faces() -> None:
    looked = spent(Allowance(0.02), 300, 6, 0.3)
    assert max(map(len, looked)) == 1


def test_faces_take_turns() -> None:
    looked = [face for seen in spent(Allowance(0.02), 300, 6, 0.1) for face in seen]
    assert looked[:12] == [*range(6), *range(6)]


def test_nothing_is_saved_up() -> None:
    allowance = Allowance(1.0)
    for _ in range(100):
        allowance.grant()
    assert [len(seen) for seen in spent(allowance, 1, 9, 0.4)] == [3]


def test_an_unlimited_frame_is_paid_for_by_those_after_it() -> None:
    allowance = Allowance(1.0)
    allowance.grant(unlimited=True)
    for _ in range(4):
        assert allowance.open
        allowance.spend(1.0)
    opened = []
    for _ in range(5):
        allowance.grant()
        opened.append(allowance.open)
    assert opened == [False, False, False, True, True]


@pytest.mark.parametrize("grant", [0.5, inf])
def test_no_face_costs_nothing(grant: float) -> None:
    assert spent(Allowance(grant), 3, 0, 1.0) == [[], [], []]
