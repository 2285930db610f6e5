# SPDX-License-Identifier: Apache-2.0
"""A dead sensor's black against a dark room's."""

import numpy as np
import pytest

from device.cameras.darkness import Darkness, is_black
from device.errors import CameraBlackError

BLACK = np.zeros((48, 64, 3), np.uint8)
LIT = np.full((48, 64, 3), 90, np.uint8)


def test_noise_is_not_black() -> None:
    dark_room = np.random.default_rng(0).poisson(6, (480, 640, 3)).astype(np.uint8)
    assert not is_black(dark_room)
    assert is_black(BLACK)
    assert is_black(np.full_like(BLACK, 8))
    assert not is_black(LIT)


def test_raises_once_black_has_lasted() -> None:
    darkness = Darkness(2.5, subject="camera")
    for now in (0.0, 1.0, 2.4):
        darkness.look(BLACK, now)
    with pytest.raises(CameraBlackError, match=r"camera has shown nothing but black for 2\.5 s"):
        darkness.look(BLACK, 2.5)


def test_a_lit_frame_begins_anew() -> None:
    darkness = Darkness(2.5, subject="camera")
    darkness.look(BLACK, 0.0)
    darkness.look(LIT, 2.0)
    darkness.look(BLACK, 3.0)
    darkness.look(BLACK, 5.0)
    with pytest.raises(CameraBlackError):
        darkness.look(BLACK, 5.5)


def test_zero_is_never() -> None:
    darkness = Darkness(0, subject="camera")
    for now in range(1000):
        darkness.look(BLACK, float(now))
