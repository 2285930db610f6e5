# SPDX-License-Identifier: Apache-2.0
"""On every screen the parts lie apart from each other, and the picture keeps its shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.overlay.layout import Area, Layout, lay_out

SCREENS = st.tuples(st.integers(160, 4096), st.integers(160, 4096))
FRAMES = st.sampled_from([(640, 480), (1280, 720), (480, 640), (320, 240), (1296, 972), (64, 64)])


def within(area: Area, size: tuple[int, int]) -> bool:
    inside = area.x >= 0 and area.y >= 0 and min(area.size) > 0
    return inside and area.x + area.width <= size[0] and area.y + area.height <= size[1]


def apart(one: Area, other: Area) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    above = one.y + one.height <= other.y or other.y + other.height <= one.y
    return beside or above


def parts(layout: Layout) -> tuple[Area, Area, Area]:
    return layout.notice, layout.picture, layout.counts


@given(SCREENS, FRAMES)
def test_parts_lie_within_the_screen_and_apart(
    size: tuple[int, int], frame: tuple[int, int]
) -> None:
    layout = lay_out(size, frame)
    notice, picture, counts = parts(layout)
    assert all(within(area, size) for area in (notice, picture, counts))
    assert apart(notice, picture) and apart(notice, counts) and apart(picture, counts)
    assert notice.width == size[0]


@given(SCREENS, FRAMES)
def test_the_picture_keeps_its_shape(size: tuple[int, int], frame: tuple[int, int]) -> None:
    width, height = lay_out(size, frame).picture.size
    scale = width / frame[0]
    assert abs(height - frame[1] * scale) <= 1 + frame[1] / frame[0]


@pytest.mark.parametrize(
    ("size", "least_share"),
    [((320, 240), 0.5), ((480, 320), 0.5), ((800, 480), 0.6), ((1920, 1080), 0.6)],
)
def test_the_picture_is_most_of_a_landscape_screen(
    size: tuple[int, int], least_share: float
) -> None:
    picture = lay_out(size, (640, 480)).picture
    assert picture.width * picture.height >= least_share * size[0] * size[1]


def test_a_portrait_screen_gives_the_picture_its_whole_width() -> None:
    assert lay_out((1080, 1920), (640, 480)).picture == Area(0, 92, 1080, 810)


@pytest.mark.parametrize("size", [(320, 240), (800, 480), (1920, 1080), (1080, 1920)])
def test_text_is_at_least_a_twentieth_of_the_shorter_side(size: tuple[int, int]) -> None:
    assert lay_out(size, (640, 480)).text >= min(size) / 20
