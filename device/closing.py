# SPDX-License-Identifier: Apache-2.0
"""Closing what may hang, with a bound, and ending the process when a thread hangs for good."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

log = logging.getLogger(__name__)

# What this process could not close.
_left: Final[list[str]] = []


def bounded(work: Callable[[], object], *, seconds: float) -> bool:
    """Do `work` in a thread that nobody waits for longer than `seconds`; whether it is done."""
    thread = threading.Thread(target=work, name="closing", daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def leave_open(what: str) -> None:
    """Note that something hangs and is left as it is: the process must end by `leave`."""
    log.error("%s hangs, it is left open until the process ends", what)
    _left.append(what)


def leave(status: int) -> NoReturn:
    """End the process with this exit status, even where something could not be closed.

    The interpreter's own end waits for a driver's threads and runs its destructors, which hang as
    the driver did: systemd would kill the process after its patience, and the status were lost.
    What is open the kernel closes.
    """
    if not _left:
        sys.exit(status)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
