# SPDX-License-Identifier: Apache-2.0
"""What a camera makes of a sensor that misbehaves."""

import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras import Wish
from device.cameras.fake import card, packed
from device.cameras.layouts import Layout
from device.cameras.sensor import Granted, SensorCamera
from device.cameras.turning import Turn
from device.clock import ManualClock
from device.errors import CameraBlackError, CameraError, CameraStalledError

LAYOUT = Layout("BGR888", 64, 48, 64 * 3)


class Script:
    """A sensor that gives or raises what it was told, each a tenth of a second after the last."""

    name = "scripted camera"
    dropped = 0

    def __init__(self, clock: ManualClock, *steps: NDArray[np.uint8] | Exception) -> None:
        self._clock = clock
        self._steps = list(steps)
        self.asked = 0
        self.closed = 0
        self.fault: Exception | None = None
        self.mirrors = False

    def open(self, wish: Wish, turn: Turn) -> Granted:
        if self.fault is not None:
            raise self.fault
        return Granted(LAYOUT, self.mirrors)

    def read(self, timeout: float) -> NDArray[np.uint8]:
        self.asked += 1
        self._clock.advance(min(0.1, timeout))
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.closed += 1


GOOD = packed(card(64, 48), LAYOUT)
BROKEN = GOOD[:100]
BLACK = np.zeros_like(GOOD)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def camera(sensor: Script, clock: ManualClock, **wish: object) -> SensorCamera:
    return SensorCamera(sensor, wish=Wish(**wish), clock=clock)  # type: ignore[arg-type]


def test_broken_frames_are_passed_over_and_counted(clock: ManualClock) -> None:
    with camera(Script(clock, BROKEN, BROKEN, GOOD), clock) as eye:
        assert np.array_equal(eye.capture(1.0).pixels, card(64, 48))
        assert eye.skipped == 2


def test_nothing_but_broken_frames_is_a_stall(clock: ManualClock) -> None:
    with (
        camera(Script(clock, BROKEN), clock) as eye,
        pytest.raises(CameraStalledError, match="only broken"),
    ):
        eye.capture(1.0)
    assert clock.monotonic() == pytest.approx(1.0)


def test_a_failed_sensor_is_never_asked_again(clock: ManualClock) -> None:
    """After a time-out a further capture was seen to crash the process (FACTS)."""
    sensor = Script(clock, CameraStalledError("late"), GOOD)
    with camera(sensor, clock) as eye:
        for _ in range(3):
            with pytest.raises(CameraStalledError, match="late"):
                eye.capture(1.0)
    assert sensor.asked == 1
    assert sensor.closed == 0  # that may hang for good, with Python's lock held


def test_black_frames_are_an_error_after_a_while(clock: ManualClock) -> None:
    with (
        camera(Script(clock, BLACK), clock, black_seconds=2.0) as eye,
        pytest.raises(CameraBlackError),
    ):
        for _ in range(100):
            eye.capture(1.0)
    assert clock.monotonic() == pytest.approx(2.1)


def test_what_the_sensor_mirrors_is_left_alone(clock: ManualClock) -> None:
    sensor = Script(clock, GOOD)
    sensor.mirrors = True
    with camera(sensor, clock, flip_horizontal=True) as eye:
        assert np.array_equal(eye.capture(1.0).pixels, card(64, 48))


def test_a_sensor_that_does_not_open_is_closed(clock: ManualClock) -> None:
    sensor = Script(clock, GOOD)
    sensor.fault = CameraError("not there")
    with pytest.raises(CameraError, match="not there"):
        camera(sensor, clock).__enter__()
    assert sensor.closed == 1


def test_outside_its_block_it_is_closed(clock: ManualClock) -> None:
    with pytest.raises(CameraError, match="is closed"):
        camera(Script(clock, GOOD), clock).capture(1.0)
