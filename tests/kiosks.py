# SPDX-License-Identifier: Apache-2.0
"""A kiosk on a screen in memory, and the doorway frame that the tests of screens show on it.

The frame is of tests/data/doorway.zip, composed from pictures of tests/data/faces (CC BY 4.0, see
ATTRIBUTION.md there); what is drawn from it carries the same licence.
"""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.clock import ManualClock
from device.displays.kiosk import Kiosk
from device.displays.memory import MemorySurface
from device.displays.schedule import DarkHours, LocalTime
from device.displays.today import Today
from device.pictures import decode
from device.records import Box, Face, Frame, Observation, PerceivedGender, Sighting, Stamp, Visit
from device.store.ledger_reader import Count

DOORWAY = Path(__file__).parent / "data" / "doorway.zip"
STAMP = Stamp("boot", 1.0, 2.0, True)
# 2026-11-02 14:00 UTC, and what the store has of that day and the one before.
AFTERNOON = 1_793_628_000
EARLIER = (
    Count(AFTERNOON - 86_400, 900, 900, 900),
    Count(AFTERNOON - 3_600, 117, 98, 21),
    Count(None, 50, 50, 50),
)
LOOKED = {"detect": 1.0}


def doorway_frame() -> NDArray[np.uint8]:
    """uint8[480, 640, 3] with three people: near, in the middle, and far away."""
    with zipfile.ZipFile(DOORWAY) as archive:
        return decode(archive.read("frames/000016.jpg"), name="000016.jpg")


def sighting(
    track: int, box: tuple[float, float, float, float], label: PerceivedGender, share: float
) -> Sighting:
    return Sighting(track, Face(Box(*box), (), 0.9), None, label, share)


SIGHTINGS = (
    sighting(12, (475, 69, 135, 135), "female", 0.934),
    sighting(13, (182, 145, 104, 104), "male", 0.871),
    sighting(14, (357, 163, 45, 45), "unsure", 0.55),
)


def seen(*sightings: Sighting, ended: Sequence[Visit] = (), looked: bool = True) -> Observation:
    timings = LOOKED if looked else {}
    return Observation(7, STAMP, 640, 480, sightings, tuple(ended), timings)


def frame(pixels: NDArray[np.uint8]) -> Frame:
    return Frame(7, STAMP, pixels)


def grey_frame(level: int = 90) -> Frame:
    return frame(np.full((480, 640, 3), level, np.uint8))


def visit(label: PerceivedGender) -> Visit:
    return Visit("v", STAMP, STAMP, label, 0.9, 5, 0.9, 0.1)


class Screen:
    """A kiosk with its surface and its clock at hand."""

    def __init__(
        self,
        size: tuple[int, int] = (800, 480),
        *,
        dark: tuple[time, time] = (time(), time()),
        private: bool = False,
        synchronised: bool = True,
        before: Sequence[Count] = EARLIER,
    ) -> None:
        self.clock = ManualClock(wall=AFTERNOON, synchronised=synchronised)
        self.surface = MemorySurface(size)
        local = LocalTime(zone=UTC)
        self.kiosk = Kiosk(
            self.surface,
            clock=self.clock,
            today=Today(before, local=local),
            local=local,
            dark=DarkHours(*dark),
            private=private,
        )

    @property
    def picture(self) -> Image.Image:
        assert self.surface.picture is not None
        return self.surface.picture.copy()

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(self.picture)


@contextmanager
def screen(
    size: tuple[int, int] = (800, 480),
    *,
    dark: tuple[time, time] = (time(), time()),
    private: bool = False,
    synchronised: bool = True,
) -> Iterator[Screen]:
    made = Screen(size, dark=dark, private=private, synchronised=synchronised)
    with made.kiosk:
        yield made


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference in grey levels between blocks of 8 x 8 pixels."""
    assert one.size == other.size
    blocks = (np.asarray(p.convert("RGB").reduce(8), np.float64) for p in (one, other))
    first, second = blocks
    return float(np.abs(first - second).mean())
