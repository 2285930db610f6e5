# SPDX-License-Identifier: Apache-2.0
"""The daemon's eye on itself: memory under a ceiling, a rate that heat and an empty doorway lower.

Raspberry Pi OS turns the memory cgroup off, so systemd's MemoryMax= does nothing there. A daemon
that grows is ended in good order, with all it counted written, and started anew.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from device.board import Board, Throttling
from device.errors import MemoryCeilingError
from device.pacing import Pacing, Rate

log = logging.getLogger(__name__)

# Reading sysfs and /proc costs some 0.1 ms: not for every frame.
_ASK_SECONDS = 5.0


class Resources:
    """Looks after memory, heat and pace, a few times a minute.

    Args:
        pacing: decides on the rate.
        board: asked for heat and throttling.
        memory: tells this process's resident bytes under "resident_bytes", or nothing.
        max_bytes: the ceiling.
        slow_down: takes each new rate, frames per second.
    """

    def __init__(
        self,
        pacing: Pacing,
        *,
        board: Board,
        memory: Callable[[], Mapping[str, int]],
        max_bytes: int,
        slow_down: Callable[[float], None],
    ) -> None:
        self._pacing = pacing
        self._board = board
        self._memory = memory
        self._max_bytes = max_bytes
        self._slow_down = slow_down
        self._asked_at = float("-inf")
        self._rate: Rate | None = None
        self._throttling: Throttling | None = None

    def watch(self, *, company: bool, now: float) -> None:
        """A frame is finished; `company`: somebody was seen, is followed, or asks for a capture.

        Raises:
            MemoryCeilingError: the process is larger than it may be.
        """
        self._pacing.saw(company, now=now)
        if now - self._asked_at >= _ASK_SECONDS:
            self._asked_at = now
            self._pacing.felt(self._board.celsius, self._held_back(), now=now)
            self._check_memory()
        self._follow(self._pacing.rate(now=now))

    def state(self) -> dict[str, Any]:
        """For `passerby status`; what held the board back since the start, as far as seen."""
        told = self._board.throttling
        throttling = told.after(self._throttling) if told else None
        return {
            "board": self._board.model,
            "celsius": self._board.celsius,
            "throttled_now": list(throttling.now) if throttling else None,
            "throttled_since_start": list(throttling.occurred) if throttling else None,
            "max_bytes": self._max_bytes,
            "rate": self._rate.frames_per_second if self._rate else None,
            "rate_reason": self._rate.reason if self._rate else None,
        }

    def _held_back(self) -> tuple[str, ...]:
        """What is a reason to slow down; the soft limit is none, its heat is judged by degrees."""
        told = self._board.throttling
        if told is None:
            return ()
        self._throttling = told.after(self._throttling)
        return told.without_soft_limit.now

    def _follow(self, rate: Rate) -> None:
        before, self._rate = self._rate, rate
        if before is None or before.frames_per_second != rate.frames_per_second:
            self._slow_down(rate.frames_per_second)
            if before is not None:
                log.info("%.3g frames per second: %s", rate.frames_per_second, rate.reason)

    def _check_memory(self) -> None:
        resident = self._memory().get("resident_bytes", 0)
        if resident > self._max_bytes:
            raise MemoryCeilingError(
                f"the daemon takes {resident / 2**20:.0f} MiB, expected at most "
                f"{self._max_bytes / 2**20:.0f}: it ends to be started anew; tell its developers, "
                "or raise daemon.max_bytes"
            )
