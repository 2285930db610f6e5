# SPDX-License-Identifier: Apache-2.0
"""Signals cut waits short and let work finish."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from device.stopping import Stop, StopRequested


def kill(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def hung_up_upon() -> Iterator[None]:
    """SIGHUP as a shell leaves it, also where the tests themselves run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_wait_is_cut_short(number: signal.Signals) -> None:
    with Stop(overdue_seconds=60) as stop:
        signal.signal(signal.SIGALRM, lambda *_: kill(number))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(StopRequested), stop.waiting():
            time.sleep(30)


def test_work_is_finished_and_the_next_wait_does_not_begin() -> None:
    done = []
    with Stop(overdue_seconds=60) as stop:
        with stop.waiting():
            done.append("waited")
        kill()
        done.append("worked")
        with pytest.raises(StopRequested), stop.waiting():
            done.append("never")
    assert done == ["waited", "worked"]


def test_a_signal_before_the_first_wait_counts() -> None:
    with Stop(overdue_seconds=60) as stop:
        kill()
        assert stop.requested
        with pytest.raises(StopRequested), stop.waiting():
            pytest.fail("it must not begin")


def test_work_that_takes_too_long_is_given_up() -> None:
    with Stop(overdue_seconds=0.05):
        kill()
        with pytest.raises(StopRequested):
            time.sleep(30)


def test_finishing_is_never_cut_short() -> None:
    with Stop(overdue_seconds=0.02) as stop:
        kill()
        stop.finish()
        time.sleep(0.06)
        kill(signal.SIGINT)
        time.sleep(0.06)
        assert stop.requested


def test_a_second_signal_while_finishing_changes_nothing() -> None:
    with Stop(overdue_seconds=0.02) as stop:
        with pytest.raises(StopRequested), stop.waiting():
            kill()
            time.sleep(30)
        stop.finish()
        kill()
        time.sleep(0.06)
        assert stop.requested


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop(overdue_seconds=1) as stop:
            kill(signal.SIGHUP)
            assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_are_given_back() -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with Stop(overdue_seconds=1):
        assert [signal.getsignal(number) for number in numbers] != before
    assert [signal.getsignal(number) for number in numbers] == before
