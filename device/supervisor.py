# SPDX-License-Identifier: Apache-2.0
"""Tells systemd how the daemon fares (sd_notify); inert where nobody supervises.

The protocol is a datagram of `KEY=value` lines to the socket named by NOTIFY_SOCKET, as described
in sd_notify(3). The watchdog is fed by finished frames and by nothing else, so a hung camera or
model leads to a restart.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from typing import Protocol

from device.protocols import Clock

log = logging.getLogger(__name__)


class Supervisor(Protocol):
    """Who watches over the daemon, or nobody."""

    def ready(self) -> None:
        """The daemon has opened all it needs."""
        ...

    def beat(self, status: Callable[[], str]) -> None:
        """A frame is finished; `status` tells in one line how things are, if anybody asks."""
        ...

    def stopping(self) -> None:
        """The daemon begins to stop."""
        ...


class InertSupervisor:
    """Nobody supervises: every message is dropped."""

    def ready(self) -> None:
        """Do nothing."""

    def beat(self, status: Callable[[], str]) -> None:
        """Do nothing."""

    def stopping(self) -> None:
        """Do nothing."""


class SystemdSupervisor:
    """Speaks sd_notify.

    Args:
        address: the value of NOTIFY_SOCKET: a path, or `@name` for an abstract socket.
        beat_seconds: the least time between two messages about frames.
        clock: tells when the next one is due.
    """

    def __init__(self, address: str, *, beat_seconds: float, clock: Clock) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._beat_seconds = beat_seconds
        self._clock = clock
        self._next_beat = float("-inf")

    def ready(self) -> None:
        """Send READY=1."""
        self._send("READY=1")

    def beat(self, status: Callable[[], str]) -> None:
        """Feed the watchdog and show `status` in `systemctl status`, not more often than due."""
        now = self._clock.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + self._beat_seconds
            self._send(f"WATCHDOG=1\nSTATUS={status()}")

    def stopping(self) -> None:
        """Send STOPPING=1."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.setblocking(False)
                door.sendto(message.encode(), self._address)
        except OSError as error:
            # A deaf supervisor is no reason to stop counting; it will restart us if it must.
            log.warning("the supervisor at %s cannot be told: %s", self._address, error)


def supervisor_from(environment: Mapping[str, str], *, clock: Clock) -> Supervisor:
    """The supervisor that the environment names, or the inert one.

    Beats are sent four times within WATCHDOG_USEC, or every five seconds when no watchdog is set.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return InertSupervisor()
    watchdog = environment.get("WATCHDOG_USEC", "")
    seconds = int(watchdog) / 4e6 if watchdog.isdigit() else 5.0
    return SystemdSupervisor(address, beat_seconds=min(seconds, 5.0), clock=clock)
