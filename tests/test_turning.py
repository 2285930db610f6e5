# SPDX-License-Identifier: Apache-2.0
"""Mirrors and turns."""

import itertools

import numpy as np
import pytest

from device.cameras.turning import Turn

PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


@pytest.mark.parametrize(
    ("degrees", "horizontal", "vertical"),
    list(itertools.product((0, 90, 180, 270), (False, True), (False, True))),
)
def test_is_flips_and_then_a_clockwise_rotation(
    degrees: int, horizontal: bool, vertical: bool
) -> None:
    want = PIXELS[:, ::-1] if horizontal else PIXELS
    want = want[::-1] if vertical else want
    want = np.rot90(want, -(degrees // 90))
    turn = Turn.of(rotation_degrees=degrees, horizontal=horizontal, vertical=vertical)
    got = turn.apply(PIXELS)
    assert np.array_equal(got, want)
    assert got.flags.c_contiguous
    assert turn.quarters in (0, 1)


def test_what_the_camera_mirrors_is_not_mirrored_again() -> None:
    turn = Turn.of(rotation_degrees=270, horizontal=True, vertical=False)
    seen = Turn(turn.horizontal, turn.vertical).apply(PIXELS)  # the camera's part
    assert np.array_equal(turn.without_mirrors().apply(seen), turn.apply(PIXELS))


def test_nothing_to_do_costs_nothing() -> None:
    assert Turn().apply(PIXELS) is PIXELS
