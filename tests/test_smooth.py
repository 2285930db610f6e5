# SPDX-License-Identifier: Apache-2.0
"""The live picture keeps its rate beside a deliberately slow classifier: in simulated time.

Detector and classifier cost time of a clock that is moved by hand; pipeline, allowance, tracker,
pace and kiosk are the real ones.
"""

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kiosks import Screen

from device.allowance import Allowance
from device.daemon import Pace
from device.pipeline import Pipeline
from device.records import FEMALE, Box, Face, Frame, Observation, Perception
from device.tracker import Tracker

RATE = 15.0
SHARE = 0.25
DETECTING = 0.02
SECONDS = 20.0
FACES = tuple(
    Face(Box(20.0 + 100 * place, 100, 60 + place, 60 + place), (), 0.9) for place in range(6)
)


class SlowEyes:
    """Sees the same six people in every frame, and takes `seconds` to classify each of them."""

    def __init__(self, screen: Screen, seconds: float) -> None:
        self.clock, self.seconds = screen.clock, seconds
        self.bundle = SimpleNamespace(identity="slow")
        self.min_face_pixels = 10
        self.looked: list[Face] = []

    def find(self, picture: object) -> tuple[Face, ...]:
        self.clock.advance(DETECTING)
        return FACES

    def crop(self, picture: object, face: Face) -> Face:
        return face

    def perceive(self, crop: Face) -> Perception:
        self.clock.advance(self.seconds)
        self.looked.append(crop)
        return Perception(0.99, 0.01, FEMALE)


class Shown:
    """When pictures came onto the screen, and what was seen in the last one."""

    def __init__(self, eyes: SlowEyes, moments: list[float], last: Observation) -> None:
        self.eyes, self.moments, self.last = eyes, moments, last

    @property
    def rate(self) -> float:
        return (len(self.moments) - 1) / (self.moments[-1] - self.moments[0])

    @property
    def longest_gap(self) -> float:
        return float(np.diff(self.moments).max())


def watch(monkeypatch: pytest.MonkeyPatch, seconds: float, allowance: Allowance) -> Shown:
    """Twenty seconds before six people, one step of the daemon's loop after the other."""
    screen = Screen((160, 120))
    eyes: Any = SlowEyes(screen, seconds)
    monkeypatch.setattr("device.pipeline.perf_counter", screen.clock.monotonic)
    pipeline = Pipeline(eyes, classifier=eyes, tracker=Tracker(), allowance=allowance)
    pace, moments = Pace(RATE, clock=screen.clock), []
    pixels = np.zeros((480, 640, 3), np.uint8)
    with screen.kiosk:
        for number in _until(screen, SECONDS):
            screen.clock.sleep(pace.left())
            pace.begin()
            frame = Frame(number, screen.clock.stamp(), pixels)
            last = pipeline.process(frame)
            screen.kiosk.show(frame, last)
            moments.append(screen.clock.monotonic())
    return Shown(eyes, moments, last)


def _until(screen: Screen, seconds: float) -> Iterator[int]:
    for number in count():
        if screen.clock.monotonic() > seconds:
            return
        yield number


@pytest.fixture
def allowance() -> Allowance:
    return Allowance(SHARE / RATE)


@pytest.mark.parametrize("seconds", [0.03, 0.3, 1.0])
def test_the_picture_keeps_its_rate(
    monkeypatch: pytest.MonkeyPatch, allowance: Allowance, seconds: float
) -> None:
    shown = watch(monkeypatch, seconds, allowance)
    least = RATE / (1 + SHARE)
    assert shown.rate >= least * (1 - seconds / SECONDS)
    assert shown.longest_gap <= 1 / RATE + SHARE / RATE + seconds + 1e-9


def test_without_an_allowance_it_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = watch(monkeypatch, 0.3, Allowance())
    assert shown.rate < 0.6
    assert shown.longest_gap > 1.8


def test_everybody_is_decided_all_the_same(
    monkeypatch: pytest.MonkeyPatch, allowance: Allowance
) -> None:
    shown = watch(monkeypatch, 0.3, allowance)
    looks = [shown.eyes.looked.count(face) for face in FACES]
    assert max(looks) - min(looks) <= 1
    assert min(looks) >= 2
    assert [one.steady for one in shown.last.sightings] == [FEMALE] * len(FACES)


def test_a_fast_classifier_sees_every_face_in_every_frame(
    monkeypatch: pytest.MonkeyPatch, allowance: Allowance
) -> None:
    shown = watch(monkeypatch, 0.002, allowance)
    assert len(shown.eyes.looked) == len(FACES) * len(shown.moments)
