# SPDX-License-Identifier: Apache-2.0
"""Looks for a lost camera in a child process, which is killed when it takes too long.

Whatever hangs or leaks in a driver then hangs and leaks there, and the daemon itself has never had
the camera open when it opens it at last.
"""

import logging
import os
import signal
from collections.abc import Callable

from device.protocols import Clock


class Probe:
    """Takes a look in a child process, one at a time.

    Args:
        look: what the child does; that it returns means yes.
        timeout_seconds: how long it may take.
        clock: tells the time.
    """

    def __init__(self, look: Callable[[], None], *, timeout_seconds: float, clock: Clock) -> None:
        self._look = look
        self._timeout = timeout_seconds
        self._clock = clock
        self._child = 0
        self._deadline = 0.0

    @property
    def running(self) -> bool:
        """Whether a look is being taken."""
        return self._child != 0

    def begin(self) -> None:
        """Start the child."""
        self._deadline = self._clock.monotonic() + self._timeout
        self._child = os.fork()
        if self._child == 0:
            self._be_the_child()

    def poll(self) -> bool | None:
        """Whether the child said yes; None while it looks. One that takes too long is killed."""
        done, status = os.waitpid(self._child, os.WNOHANG)
        if done:
            self._child = 0
            return os.waitstatus_to_exitcode(status) == 0
        if self._clock.monotonic() > self._deadline:
            self.end()
            return False
        return None

    def end(self) -> None:
        """Kill the child, if there is one."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = 0

    def _be_the_child(self) -> None:
        """Look, and end without running anything of the parent's: no `finally`, no flush."""
        status = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            signal.alarm(int(self._timeout) + 1)  # should the parent be gone
            logging.disable(logging.WARNING)  # the parent tells what there is to tell
            self._look()
            status = 0
        finally:
            os._exit(status)
