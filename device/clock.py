# SPDX-License-Identifier: Apache-2.0
"""Clocks: the machine's own, and one that is moved by hand.

Whether wall time can be trusted is asked of the kernel: `adjtimex(2)` answers for every time
service (systemd-timesyncd, chrony, ntpd) and needs no rights, where the file
/run/systemd/timesync/synchronized is timesyncd's alone. That file is the fallback where the call is
missing or refused (a unit with ProtectClock=); without it, the clock counts as not synchronised.
"""

import ctypes
import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from device.records import Stamp

log = logging.getLogger(__name__)

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNC = Path("/run/systemd/timesync/synchronized")
# adjtimex(2): the return value TIME_ERROR says "not synchronised"; modes 0 only reads.
_TIME_ERROR = 5
# struct timex is 208 bytes on 64-bit Linux and 128 on 32-bit; the call writes no further.
_TIMEX_BYTES = 256
_SYNCHRONISED_FOR_SECONDS = 30.0
# Wall time that moved against monotonic time by more than this was set, not steered.
_STEP_SECONDS = 0.5


class SystemClock:
    """The machine's clock.

    Monotonic time is CLOCK_BOOTTIME where there is one: it goes on during suspend, so that a visit
    does not seem to last through one. `clock_synchronised` is asked again every 30 s, not for each
    of fifteen frames a second, and at once when somebody has set the clock.
    """

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()
        self._clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._is_synchronised = _synchronisation()
        self._synchronised = False
        self._asked_at = float("-inf")
        self._offset = 0.0

    def stamp(self) -> Stamp:
        """The present moment, with boot id and whether wall time can be trusted."""
        now, wall = self.monotonic(), time.time()
        stepped = abs(wall - now - self._offset) > _STEP_SECONDS
        if stepped or now - self._asked_at >= _SYNCHRONISED_FOR_SECONDS:
            self._synchronised, self._asked_at = self._is_synchronised(), now
            self._offset = wall - now
        return Stamp(self._boot_id, now, wall, self._synchronised)

    def monotonic(self) -> float:
        """Seconds since the machine's boot, never going back."""
        return time.clock_gettime(self._clock)

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`; none or fewer return at once."""
        if seconds > 0:
            time.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved: for tests and for replay faster than life.

    `sleep` moves it instead of waiting. Safe to move from another thread.
    """

    def __init__(
        self,
        *,
        monotonic: float = 0.0,
        wall: float = 1_700_000_000.0,
        boot_id: str = "manual",
        synchronised: bool = True,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        self.boot_id = boot_id
        self.synchronised = synchronised

    def stamp(self) -> Stamp:
        """The moment it was moved to."""
        with self._lock:
            return Stamp(self.boot_id, self._monotonic, self._wall, self.synchronised)

    def monotonic(self) -> float:
        """Seconds, as moved so far."""
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds` without waiting."""
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Move both monotonic and wall time.

        Raises:
            ValueError: `seconds` is negative; monotonic time never goes back.
        """
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds} s, expected 0 or more: use step_wall")
        with self._lock:
            self._monotonic += seconds
            self._wall += seconds

    def step_wall(self, seconds: float) -> None:
        """Move wall time alone, back or forth, as a time service does."""
        with self._lock:
            self._wall += seconds


def _read_boot_id() -> str:
    """The kernel's id of this boot, or a random one for this process where there is none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip() or str(uuid.uuid4())
    except OSError:
        log.warning("no boot id in %s, using a random one for this process", _BOOT_ID)
        return str(uuid.uuid4())


def _synchronisation() -> Callable[[], bool]:
    """How to ask whether the clock is synchronised: the kernel, else timesyncd's file."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return _TIMESYNC.exists

    def ask_kernel() -> bool:
        state = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
        return _TIMESYNC.exists() if state < 0 else state != _TIME_ERROR

    return ask_kernel
