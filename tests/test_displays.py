# SPDX-License-Identifier: Apache-2.0
"""Every display shows a frame; the one in memory can be looked at afterwards."""

import gc
import weakref

import numpy as np
import pytest

from device.displays import DISPLAYS, make_display
from device.displays.memory import MemoryDisplay
from device.displays.none import NoneDisplay
from device.records import Box, Face, Frame, Observation, Perception, Sighting, Stamp, Visit

STAMP = Stamp("boot", 1.0, 2.0, True)
FACE = Face(Box(200, 150, 120, 120), ((230, 190), (280, 190)) + ((250, 220),) * 4, 0.9)
SIGHTING = Sighting(1, FACE, Perception(0.9, 0.1, "female"), "female", 0.9)
VISIT = Visit("v", STAMP, STAMP, "male", 0.8, 5, 0.1, 0.9)


def frame() -> Frame:
    return Frame(4, STAMP, np.full((480, 640, 3), 90, np.uint8))


def seen(*sightings: Sighting, ended: tuple[Visit, ...] = ()) -> Observation:
    return Observation(4, STAMP, 640, 480, sightings, ended)


@pytest.mark.parametrize("kind", DISPLAYS)
def test_every_display_shows_frames_and_keeps_none_afterwards(kind: str) -> None:
    shown = frame()
    pixels = weakref.ref(shown.pixels)
    with make_display(kind) as display:
        display.show(shown, seen(SIGHTING))
        display.show(shown, seen())
    del shown
    gc.collect()
    assert pixels() is None


def test_none_keeps_nothing() -> None:
    display = make_display("none")
    assert isinstance(display, NoneDisplay)
    assert not hasattr(display, "__dict__") or vars(display) == {}


def test_memory_keeps_the_last_drawn_picture_alone() -> None:
    with MemoryDisplay() as display:
        assert display.picture is None
        display.show(frame(), seen())
        empty = np.asarray(display.picture)
        observation = seen(SIGHTING)
        display.show(frame(), observation)
        drawn = np.asarray(display.picture)
        assert display.observation is observation
        assert drawn.shape == (480, 640, 3)
        around = (slice(140, 280), slice(190, 330))
        assert (drawn[around] != empty[around]).any()
    assert display.picture is None
    assert display.observation is None


def test_memory_counts_the_visits_that_ended() -> None:
    with MemoryDisplay() as display:
        display.show(frame(), seen())
        before = np.asarray(display.picture)
        display.show(frame(), seen(ended=(VISIT,)))
        counted = np.asarray(display.picture)
        display.show(frame(), seen())
        assert (counted != before).any()
        assert (np.asarray(display.picture) == counted).all()
