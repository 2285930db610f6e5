# SPDX-License-Identifier: Apache-2.0
"""How light a face is, and the second view of it."""

import math

import numpy as np
import pytest

from device.imaging import MIDDLE_LIGHT, lightness, second_view
from device.records import FaceCrop


def flat(value: int, *, side: int = 100, channels: int = 3) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((side, side, channels), value, np.uint8)


def test_the_middle_of_a_face_is_looked_at_and_nothing_else() -> None:
    crop = flat(255)
    crop[42:72, 28:72] = (200, 100, 50)
    assert lightness(crop) == pytest.approx(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    crop[42:72, 28:72] = 90
    crop[42:50, 28:72] = 255  # a quarter of it: a median does not mind
    assert lightness(crop) == 90


@pytest.mark.parametrize("value", [0, 7, 130, 255])
def test_grey_crops_are_their_own_lightness(value: int) -> None:
    assert lightness(flat(value, side=64, channels=1)) == value


@pytest.mark.parametrize("channels", [1, 3])
def test_a_face_in_a_middle_light_is_mirrored(channels: int) -> None:
    crop = np.random.default_rng(4).integers(0, 256, (96, 96, channels), np.uint8)
    crop[38:72, 24:72] = MIDDLE_LIGHT
    assert np.array_equal(second_view(FaceCrop(crop)), crop[:, ::-1])


@pytest.mark.parametrize("value", [14, 60, 111, 150, 220])
def test_another_goes_halfway_there(value: int) -> None:
    """Halfway as gammas go: the same step again would reach the middle."""
    view = second_view(FaceCrop(flat(value)))
    assert view.dtype == np.uint8
    assert value < view[0, 0, 0] <= MIDDLE_LIGHT or MIDDLE_LIGHT <= view[0, 0, 0] < value
    gammas = [math.log(x / 255) / math.log(value / 255) for x in (int(view[0, 0, 0]), MIDDLE_LIGHT)]
    assert gammas[0] ** 2 == pytest.approx(gammas[1], rel=0.03)


@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_stay(value: int) -> None:
    assert (second_view(FaceCrop(flat(value))) == value).all()


def test_the_order_of_light_is_kept_and_the_crop_untouched() -> None:
    ramp = np.tile(np.arange(128, dtype=np.uint8)[None, :, None], (128, 1, 3))
    kept = ramp.copy()
    view = second_view(FaceCrop(ramp))[0, ::-1, 0].astype(int)
    assert (np.diff(view) >= 0).all()
    assert np.array_equal(ramp, kept)


@pytest.mark.parametrize("channels", [1, 3])
def test_with_a_margin_the_view_shows_more_hair_and_no_more_neck(channels: int) -> None:
    """Bands of a level each: all of the margin above and half of that at the sides are seen."""
    size, margin = 96, 8
    around = flat(MIDDLE_LIGHT, side=size + 2 * margin, channels=channels)
    around[:margin] = 200
    around[-margin:] = 0
    around[:, : margin // 2] = around[:, -margin // 2 :] = 30
    crop = FaceCrop(around, margin)
    view = second_view(crop)
    assert view.shape == crop.pixels.shape == (size, size, channels)
    shrunk = size / (size + margin)
    hair = round(margin * shrunk)
    assert (view[: hair - 1, 1:-1] > 190).all()
    assert (view[hair + 1 : -1, 1:-1] == MIDDLE_LIGHT).all()  # edges are between two pixels
    assert not np.isin(crop.pixels, (0, 30, 200)).any()


def test_a_margin_is_mirrored_with_the_crop() -> None:
    """What is on the left comes to the right, and the margin moves nothing sideways."""
    around = flat(MIDDLE_LIGHT, side=112)
    around[:, :56] = 90
    view = second_view(FaceCrop(around, 8)).astype(int)
    assert view[:, :47].min() > view[:, 49:].max()
