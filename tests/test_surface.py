# SPDX-License-Identifier: Apache-2.0
"""A turned screen: what the onlooker sees is upright, wherever it was put."""

import numpy as np
import pytest
from kiosks import doorway_frame
from PIL import Image

from device.displays.memory import MemorySurface
from device.displays.surface import ROTATIONS, Turned

SIZE = (50, 30)


def seen_by_the_onlooker(surface: MemorySurface, degrees: int) -> Image.Image:
    assert surface.picture is not None
    return surface.picture.rotate(degrees, expand=True)  # Pillow turns against the clock


@pytest.mark.parametrize("degrees", ROTATIONS)
def test_the_onlooker_sees_it_upright(degrees: int) -> None:
    surface = MemorySurface(SIZE)
    with Turned(surface, degrees=degrees) as turned:
        expected = Image.new("RGB", turned.size)
        part = Image.fromarray(doorway_frame()).resize((9, 7))
        for at in ((0, 0), (3, 11), (turned.size[0] - 9, turned.size[1] - 7)):
            turned.put(part, at)
            expected.paste(part, at)
        turned.present()
        seen = seen_by_the_onlooker(surface, degrees)
        assert (np.asarray(seen) == np.asarray(expected)).all()
    assert surface.picture is None


@pytest.mark.parametrize(("degrees", "size"), [(0, (50, 30)), (90, (30, 50)), (270, (30, 50))])
def test_its_size_is_the_onlookers(degrees: int, size: tuple[int, int]) -> None:
    assert Turned(MemorySurface(SIZE), degrees=degrees).size == size


def test_ninety_degrees_are_clockwise() -> None:
    surface = MemorySurface((4, 2))
    with Turned(surface, degrees=90) as turned:
        turned.put(Image.new("RGB", (1, 1), "#FFFFFF"), (0, 0))
        assert surface.picture is not None
        assert surface.picture.getpixel((3, 0)) == (255, 255, 255)
