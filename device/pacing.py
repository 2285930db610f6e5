# SPDX-License-Identifier: Apache-2.0
"""How fast to look: slower when nobody is there, and when the board is hot or starved.

Pure: told what happens and when, it answers with a rate and the reason for it. Nobody is missed at
the idle rate for longer than one of its periods: the first face brings the full rate back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Between two changes for heat: a board takes its time to warm up and cool down.
_STEP_SECONDS = 10.0
_SLOWER = 0.5


@dataclass(frozen=True, slots=True)
class PacingRules:
    """Rates are frames per second; `idle_seconds` 0 never idles.

    Above `hot_celsius`, or when the firmware throttles, the rate is halved every ten seconds, down
    to `least_rate`; it doubles again below `cool_celsius`. The firmware's soft temperature limit,
    60 degrees on a Pi 3B+, is no throttling.
    """

    rate: float
    idle_rate: float = 5.0
    idle_seconds: float = 60.0
    least_rate: float = 2.0
    hot_celsius: float = 78.0
    cool_celsius: float = 70.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames per second, and why so many."""

    frames_per_second: float
    reason: str


class Pacing:
    """Decides on the rate.

    Args:
        rules: the rates, and when they hold.
        now: seconds of monotonic time, at the start.
    """

    def __init__(self, rules: PacingRules, *, now: float) -> None:
        self._rules = rules
        self._somebody_at = now
        self._changed_at = now
        self._share = 1.0
        self._heat = ""

    def saw(self, somebody: bool, *, now: float) -> None:
        """A frame was looked at: whether anybody was in it, or is still being followed."""
        if somebody:
            self._somebody_at = now

    def felt(self, celsius: float | None, throttled: Sequence[str], *, now: float) -> None:
        """The board was asked; None and nothing where it does not tell."""
        rules = self._rules
        hot = bool(throttled) or (celsius is not None and celsius >= rules.hot_celsius)
        cool = not throttled and (celsius is None or celsius <= rules.cool_celsius)
        if hot:
            heat = f"{celsius:.0f} °C" if celsius is not None else ""
            self._heat = ", ".join([*throttled, *([heat] if heat else [])])
        if now - self._changed_at < _STEP_SECONDS or not (hot or cool):
            return
        least = min(1.0, rules.least_rate / rules.rate)
        share = max(least, self._share * _SLOWER) if hot else min(1.0, self._share / _SLOWER)
        if share != self._share:
            self._share, self._changed_at = share, now

    def rate(self, *, now: float) -> Rate:
        """How fast to look now."""
        rules = self._rules
        reasons = []
        rate = rules.rate
        if self._share < 1.0:
            rate *= self._share
            reasons.append(f"slowed down: {self._heat}")
        alone = now - self._somebody_at
        if rules.idle_seconds and alone >= rules.idle_seconds and rules.idle_rate < rate:
            rate = rules.idle_rate
            reasons.append(f"nobody for {alone:.0f} s")
        return Rate(rate, "; ".join(reasons) or "full")
