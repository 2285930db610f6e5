# SPDX-License-Identifier: Apache-2.0
"""Counts of today: the store's at the start and what ended since, from midnight to midnight."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from kiosks import AFTERNOON, EARLIER, visit

from device.displays.schedule import LocalTime
from device.displays.today import SINCE_START, TODAY, Today
from device.overlay.tally import Counts, Tally
from device.records import Stamp


def today(zone: tzinfo = UTC) -> Today:
    return Today(EARLIER, local=LocalTime(zone=zone))


def stamp(hours: float = 0.0, *, synchronised: bool = True) -> Stamp:
    return Stamp("boot", 100 + hours * 3600, AFTERNOON + hours * 3600, synchronised)


def test_continues_what_the_store_had_of_this_day_alone() -> None:
    counts = today()
    counts.note(stamp())
    assert counts.counts == Counts(TODAY, Tally(117, 98, 21))
    counts.note(stamp(), [visit("male"), visit("unsure")])
    assert counts.counts == Counts(TODAY, Tally(117, 99, 22))


def test_begins_anew_at_midnight() -> None:
    counts = today()
    counts.note(stamp(9.99), [visit("male")])
    assert counts.counts.tally.total == 237
    counts.note(stamp(10), [visit("female")])
    assert counts.counts == Counts(TODAY, Tally(female=1))
    counts.note(stamp(33.9), [visit("female")])
    assert counts.counts == Counts(TODAY, Tally(female=2))


def test_without_a_clock_it_counts_since_the_start() -> None:
    counts = today()
    for hours in (-400_000, -399_999, -399_900):
        counts.note(stamp(hours, synchronised=False), [visit("female")])
    assert counts.counts == Counts(SINCE_START, Tally(female=3))


def test_a_clock_that_is_set_turns_them_into_todays() -> None:
    counts = today()
    counts.note(stamp(-400_000, synchronised=False), [visit("female")])
    counts.note(stamp(), [visit("unsure")])
    assert counts.counts == Counts(TODAY, Tally(118, 98, 22))


def test_the_day_is_that_of_the_place() -> None:
    counts = today(ZoneInfo("Pacific/Auckland"))  # 03:00 of the next day
    counts.note(stamp())
    assert counts.counts == Counts(TODAY, Tally(117, 98, 21))
    counts = today(ZoneInfo("Pacific/Auckland"))
    counts.note(stamp(-3.5))  # 23:30: the store's newest quarter lies in the future, after midnight
    assert counts.counts.tally == Tally(900, 900, 900)
