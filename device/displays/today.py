# SPDX-License-Identifier: Apache-2.0
"""How many visits there were today: those of the store at the start, and what has ended since."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from device.displays.schedule import LocalTime
from device.overlay.tally import Counts, Tally
from device.records import Stamp, Visit

if TYPE_CHECKING:
    from device.store.ledger_reader import Count

TODAY = "visits today"
SINCE_START = "visits since start"


class Today:
    """Counts visits from midnight to midnight, local time.

    As long as the time is not known it counts from the start of the daemon and says so; what has
    been counted by then is taken for today's once the clock is set.

    Args:
        before: what the store had at the start; days before that of its newest count do not matter.
        local: tells the date.
    """

    def __init__(self, before: Sequence["Count"] = (), *, local: LocalTime) -> None:
        self._before = before
        self._local = local
        self._day: date | None = None
        self._tally = Tally()

    def note(self, stamp: Stamp, ended: Iterable[Visit] = ()) -> None:
        """It is now `stamp`, and these visits have just ended."""
        moment = self._local.at(stamp)
        if moment is not None and moment.date() != self._day:
            since_start = self._tally if self._day is None else Tally()
            self._tally = self._stored(moment.date(), since_start)
            self._day = moment.date()
        self._tally = self._tally.plus(ended)

    @property
    def counts(self) -> Counts:
        """What is known so far."""
        return Counts(SINCE_START if self._day is None else TODAY, self._tally)

    def _stored(self, day: date, tally: Tally) -> Tally:
        """The tally with what the store had of that day at the start."""
        for count in self._before:
            if count.start is not None and self._local.date_of(count.start) == day:
                tally = Tally(
                    tally.female + count.female,
                    tally.male + count.male,
                    tally.unsure + count.unsure,
                )
        return tally
