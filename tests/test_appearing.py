# SPDX-License-Identifier: Apache-2.0
"""A screen that is waited for, by a clock that is moved by hand."""

import pytest

from device.clock import ManualClock
from device.displays.appearing import when_there
from device.displays.none import NoneDisplay
from device.errors import DisplayError
from device.protocols import Display
from device.stopping import StopRequested


class Plug:
    """A screen that is plugged in at a moment."""

    def __init__(self, clock: ManualClock, *, at: float) -> None:
        self.clock = clock
        self.at = at
        self.tried = 0

    def enter(self) -> Display:
        self.tried += 1
        if self.clock.monotonic() < self.at:
            raise DisplayError("no screen")
        return NoneDisplay()


@pytest.mark.parametrize(("at", "tried"), [(0.0, 1), (3.0, 7), (10.0, 21)])
def test_it_is_taken_when_it_comes(at: float, tried: int) -> None:
    clock = ManualClock()
    plug = Plug(clock, at=at)
    when_there(plug.enter, seconds=10.0, clock=clock, stopped=lambda: False)
    assert (plug.tried, clock.monotonic()) == (tried, at)


@pytest.mark.parametrize("seconds", [0.0, 10.0])
def test_it_is_given_up_after_a_while(seconds: float) -> None:
    clock = ManualClock()
    with pytest.raises(DisplayError, match="no screen"):
        when_there(Plug(clock, at=99.0).enter, seconds=seconds, clock=clock, stopped=lambda: False)
    assert clock.monotonic() == seconds


def test_a_signal_ends_the_wait() -> None:
    clock = ManualClock()
    plug = Plug(clock, at=99.0)
    with pytest.raises(StopRequested):
        when_there(plug.enter, seconds=60.0, clock=clock, stopped=lambda: plug.tried == 3)
    assert plug.tried == 3
