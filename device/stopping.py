# SPDX-License-Identifier: Apache-2.0
"""SIGTERM, SIGINT and SIGHUP, made orderly: waits are cut short, a frame at work is finished.

The signal's handler raises only while the loop has said that it may; everywhere else it leaves a
note. A frame that is at work for longer than the stop may take is given up.
"""

import signal
from enum import Enum, auto
from types import FrameType, TracebackType
from typing import Any, Self

# SIGHUP is the end of the SSH session that a daemon was started in by hand.
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequested(Exception):  # noqa: N818  it is no error: somebody asked for the end
    """Raised in the loop when it is asked to stop."""


class _Phase(Enum):
    """What the loop does when a signal comes."""

    WORKING = auto()
    WAITING = auto()
    FINISHING = auto()


class Stop:
    """Takes the signals over while its block runs; for the main thread.

    Args:
        overdue_seconds: how long after the signal a frame at work is given up.
    """

    def __init__(self, *, overdue_seconds: float) -> None:
        self._overdue_seconds = overdue_seconds
        self._phase = _Phase.WORKING
        self._before: dict[signal.Signals, Any] = {}
        self.requested = False

    def __enter__(self) -> Self:
        """Take the signals over."""
        for number in _SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup
            self._before[number] = signal.signal(number, self._take)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._give_up)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def waiting(self) -> "_Wait":
        """A block that a signal cuts short by raising StopRequested; at once if one came before."""
        return _Wait(self)

    def finish(self) -> None:
        """From here on nothing is cut short: what is held gets written."""
        self._phase = _Phase.FINISHING
        signal.setitimer(signal.ITIMER_REAL, 0)

    def enter_wait(self) -> None:
        """Allow signals to raise."""
        self._phase = _Phase.WAITING
        if self.requested:
            self.leave_wait()
            raise StopRequested

    def leave_wait(self) -> None:
        """No longer allow it."""
        if self._phase is _Phase.WAITING:
            self._phase = _Phase.WORKING

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._phase is _Phase.WAITING:
            self._phase = _Phase.WORKING
            raise StopRequested
        if self._phase is _Phase.WORKING:
            signal.setitimer(signal.ITIMER_REAL, self._overdue_seconds)

    def _give_up(self, number: int, frame: FrameType | None) -> None:
        if self._phase is not _Phase.FINISHING:
            raise StopRequested


class _Wait:
    """The block of `Stop.waiting`."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        self._stop.enter_wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.leave_wait()
