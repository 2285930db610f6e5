# SPDX-License-Identifier: Apache-2.0
"""When a visit counts."""

from visit_samples import WALL, make_clock, make_visit

from device.records import Stamp, Visit
from device.store.buckets import UTC, bucket, quarter, timing


def test_a_quarter_hour_holds_its_first_moment_but_not_its_end() -> None:
    assert quarter(WALL) == quarter(WALL + 899.999) == WALL
    assert quarter(WALL + 900) == WALL + 900
    assert quarter(-1.0) == -900


def test_a_synchronised_visit_counts_in_the_quarter_hour_of_its_end() -> None:
    visit = make_visit("a", make_clock(wall=WALL + 1).stamp(), seconds=5)
    assert bucket(visit, {}) == (UTC, WALL)
    assert timing(visit, {}).source == "synchronised"
    assert timing(visit, {}).started_wall == WALL - 4


def test_without_a_clock_a_visit_counts_by_the_monotonic_time_of_its_boot() -> None:
    visit = make_visit("a", Stamp("boot", 1000.0, 86_400.0, False))
    assert bucket(visit, {}) == ("boot", 900)
    assert not timing(visit, {}).known


def test_an_anchor_of_the_boot_tells_the_wall_time_and_one_of_another_boot_does_not() -> None:
    visit = make_visit("a", Stamp("boot", 1000.0, 86_400.0, False))
    known = timing(visit, {"boot": Stamp("boot", 1500.0, WALL, True)})
    assert (known.ended_wall, known.source) == (WALL - 500, "reckoned")
    assert not timing(visit, {"other": Stamp("other", 1500.0, WALL, True)}).known


def test_a_clock_set_during_a_visit_corrects_its_beginning() -> None:
    started = Stamp("boot", 990.0, 86_400.0, False)
    ended = Stamp("boot", 1000.0, WALL, True)
    visit = Visit("a", started, ended, "male", 0.8, 3, 1.0, 2.0)
    assert timing(visit, {}).started_wall == WALL - 10
    assert timing(visit, {}).source == "reckoned"
