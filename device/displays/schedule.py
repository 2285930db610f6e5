# SPDX-License-Identifier: Apache-2.0
"""The hours in which a screen is dark, and which day it is: both ask for a clock that is right."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo

from device.records import Stamp


class LocalTime:
    """Local date and time, as soon as the clock has been right once; unknown before.

    A clock that was set stays good for days without its time service, which a kernel calls not
    synchronised after some hours.

    Args:
        zone: the time zone; None is the machine's.
    """

    def __init__(self, *, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._trusted = False

    def at(self, stamp: Stamp) -> datetime | None:
        """When `stamp` was, with its offset from UTC."""
        self._trusted = self._trusted or stamp.clock_synchronised
        if not self._trusted:
            return None
        return self._moment(stamp.wall)

    def date_of(self, seconds: float) -> date:
        """The local date of a moment in seconds since the Unix epoch."""
        return self._moment(seconds).date()

    def _moment(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC).astimezone(self._zone)


@dataclass(frozen=True, slots=True)
class DarkHours:
    """From one time of day until another, past midnight too; equal times are never dark."""

    start: time = time()
    end: time = time()

    def cover(self, moment: datetime | None) -> bool:
        """Whether the screen is dark at this local time; not while the time is unknown."""
        if moment is None:
            return False
        now = moment.time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end
