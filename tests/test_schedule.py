# SPDX-License-Identifier: Apache-2.0
"""Dark hours and local time, midnight, summer time and clocks that are not right included."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from device.displays.schedule import DarkHours, LocalTime
from device.records import Stamp

NIGHT = DarkHours(time(22), time(7))
NOON = DarkHours(time(12), time(13, 30))


def stamp(wall: float, *, synchronised: bool = True) -> Stamp:
    return Stamp("boot", 1.0, wall, synchronised)


def at(text: str) -> datetime:
    return datetime.combine(datetime(2026, 11, 2), time.fromisoformat(text), UTC)


@pytest.mark.parametrize(
    ("hours", "now", "dark"),
    [
        (NIGHT, "21:59:59", False),
        (NIGHT, "22:00:00", True),
        (NIGHT, "00:00:00", True),
        (NIGHT, "06:59:59", True),
        (NIGHT, "07:00:00", False),
        (NIGHT, "12:00:00", False),
        (NOON, "11:59:59", False),
        (NOON, "12:00:00", True),
        (NOON, "13:30:00", False),
        (DarkHours(), "00:00:00", False),
        (DarkHours(time(8), time(8)), "08:00:00", False),
    ],
)
def test_dark_hours(hours: DarkHours, now: str, dark: bool) -> None:
    assert hours.cover(at(now)) is dark


def test_an_unknown_time_is_never_dark() -> None:
    assert not DarkHours(time(0), time(23, 59)).cover(None)


def test_time_is_unknown_until_the_clock_was_right_once() -> None:
    local = LocalTime(zone=UTC)
    assert local.at(stamp(0, synchronised=False)) is None
    assert local.at(stamp(1_793_628_000)) == datetime(2026, 11, 2, 14, tzinfo=UTC)
    assert local.at(stamp(1_793_628_060, synchronised=False)) is not None


def test_the_place_decides_the_time_and_the_date() -> None:
    berlin = LocalTime(zone=ZoneInfo("Europe/Berlin"))
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC).timestamp()
    winter = datetime(2026, 12, 1, 22, 30, tzinfo=UTC).timestamp()
    moments = [berlin.at(stamp(wall)) for wall in (summer, winter)]
    assert [f"{moment:%d %H:%M}" for moment in moments if moment] == ["02 00:30", "01 23:30"]
    assert berlin.date_of(summer).day == 2
