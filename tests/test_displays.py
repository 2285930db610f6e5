# SPDX-License-Identifier: Apache-2.0
"""One suite over all displays: waiting, live and paused, on each screen that can be had here."""

import gc
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from kiosks import SIGHTINGS, doorway_frame, frame, grey_frame, seen, visit

from device.clock import ManualClock
from device.displays import DISPLAYS, make_display
from device.displays.none import NoneDisplay
from device.displays.options import Kind, Rotation, ScreenOptions
from device.protocols import Display


def options(kind: Kind, folder: Path, *, rotation: Rotation = 0) -> ScreenOptions:
    return ScreenOptions(
        kind=kind, device=folder / "screen", console=None, size=(320, 240), rotation=rotation
    )


@pytest.fixture(params=DISPLAYS)
def display(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Display]:
    kind = cast(Kind, request.param)
    if kind == "window":
        pytest.importorskip("pygame")
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with make_display(options(kind, tmp_path, rotation=90), clock=ManualClock()) as made:
        yield made


def test_waits_shows_pauses_and_waits_again(display: Display) -> None:
    display.wait("loading the models")
    display.show(grey_frame(), seen(*SIGHTINGS))
    display.show(grey_frame(), seen(ended=[visit("female")]))
    display.show(grey_frame(), seen(looked=False))
    display.wait("waiting for the camera: it was unplugged")
    display.show(frame(doorway_frame()), seen(*SIGHTINGS))


def test_takes_frames_of_any_shape_that_nobody_may_write(display: Display) -> None:
    for shape in ((480, 640, 3), (64, 64, 3), (360, 640, 3), (640, 360, 3)):
        pixels = np.zeros(shape, np.uint8)
        pixels.flags.writeable = False
        display.show(frame(pixels), seen(*SIGHTINGS))


def test_keeps_no_frame(display: Display) -> None:
    shown = grey_frame()
    pixels = weakref.ref(shown.pixels)
    display.show(shown, seen(*SIGHTINGS))
    del shown
    gc.collect()
    assert pixels() is None


def test_opens_no_more_files_with_each_frame(display: Display) -> None:
    display.show(grey_frame(), seen())
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  counted, not walked
    for _ in range(20):
        display.show(grey_frame(), seen(*SIGHTINGS))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_none_keeps_nothing_and_loads_no_pillow(tmp_path: Path) -> None:
    display = make_display(options("none", tmp_path), clock=ManualClock())
    assert isinstance(display, NoneDisplay)
    assert not hasattr(display, "__dict__") or vars(display) == {}
