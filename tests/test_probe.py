# SPDX-License-Identifier: Apache-2.0
"""A look in a child process: its answer, its end, and that it leaves nothing behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from device.cameras import Wish, make_camera
from device.cameras.looking import look_once
from device.clock import ManualClock
from device.errors import CameraError
from device.probe import Probe

PATIENCE_SECONDS = 60.0


def children() -> set[int]:
    """The numbers of this process's children, those included that ended and were not waited for.

    Other tests' helpers may be among them: a resource tracker of multiprocessing, say.
    """
    return {child.pid for child in psutil.Process().children()}


def answer(probe: Probe) -> bool:
    probe.begin()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (said := probe.poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert not probe.running
    return said


def a_probe(look: Callable[[], None], clock: ManualClock | None = None) -> Probe:
    return Probe(look, timeout_seconds=5.0, clock=clock or ManualClock())


def refuse() -> None:
    raise CameraError("not there")


def burst() -> None:
    raise ZeroDivisionError


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_says_whether_the_look_returned() -> None:
    assert answer(a_probe(lambda: None))
    for look in (refuse, burst, crash):
        assert not answer(a_probe(look))


def test_can_look_again() -> None:
    probe = a_probe(lambda: None)
    assert answer(probe)
    assert answer(probe)


def test_a_look_that_hangs_is_killed() -> None:
    clock = ManualClock()
    probe = a_probe(lambda: time.sleep(1000), clock)
    before = children()
    probe.begin()
    (child,) = children() - before
    assert probe.poll() is None
    clock.advance(5.1)
    assert probe.poll() is False
    assert child not in children()


def test_ending_kills_the_child() -> None:
    probe = a_probe(lambda: time.sleep(1000))
    before = children()
    probe.begin()
    (child,) = children() - before
    probe.end()
    assert not probe.running
    assert child not in children()


@pytest.mark.parametrize(
    ("faults", "black_counts", "there"),
    [("", False, True), ("absent 0 inf", False, False), ("stall 0 inf", False, False),
     ("black 0 inf", False, False), ("black 0 inf", True, True)],
)  # fmt: skip
def test_a_black_camera_is_not_back_unless_black_counts(
    tmp_path: Path, faults: str, black_counts: bool, there: bool
) -> None:
    path = tmp_path / "faults"
    path.write_text(faults)
    clock = ManualClock()
    wish = Wish(fake_faults_path=path, black_seconds=2.0)

    def look() -> None:
        look_once(make_camera("fake", wish, clock=clock), timeout=1.0, black_counts=black_counts)

    if there:
        look()
    else:
        with pytest.raises(CameraError):
            look()
