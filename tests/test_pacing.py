# SPDX-License-Identifier: Apache-2.0
"""How fast to look: a table of moments."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.pacing import Pacing, PacingRules

RULES = PacingRules(rate=16.0, idle_rate=4.0, idle_seconds=60.0, least_rate=2.0)


def test_it_looks_at_the_full_rate_while_somebody_is_there() -> None:
    pacing = Pacing(RULES, now=0.0)
    for now in range(0, 600, 10):
        pacing.saw(True, now=now)
        assert pacing.rate(now=now).frames_per_second == 16.0
    assert pacing.rate(now=590).reason == "full"


def test_an_empty_doorway_idles_and_the_first_face_ends_that() -> None:
    pacing = Pacing(RULES, now=0.0)
    pacing.saw(False, now=59.0)
    assert pacing.rate(now=59.9).frames_per_second == 16.0
    idle = pacing.rate(now=61.0)
    assert (idle.frames_per_second, idle.reason) == (4.0, "nobody for 61 s")
    pacing.saw(True, now=62.0)
    assert pacing.rate(now=62.0).frames_per_second == 16.0


def test_it_never_idles_where_that_is_off() -> None:
    pacing = Pacing(PacingRules(rate=16.0, idle_seconds=0), now=0.0)
    assert pacing.rate(now=1e9).frames_per_second == 16.0


def test_an_idle_rate_above_the_full_one_changes_nothing() -> None:
    pacing = Pacing(PacingRules(rate=2.0, idle_rate=4.0), now=0.0)
    assert pacing.rate(now=1e9).frames_per_second == 2.0


def test_heat_halves_the_rate_step_by_step_and_cold_gives_it_back() -> None:
    pacing = Pacing(RULES, now=0.0)
    rates = []
    for now, celsius in enumerate([79, 79, 85, 85, 85, 75, 75, 69, 69, 69, 69], start=1):
        pacing.felt(celsius, (), now=now * 10.0)
        pacing.saw(True, now=now * 10.0)
        rates.append(pacing.rate(now=now * 10.0).frames_per_second)
    # Between cool and hot it stays as it is.
    assert rates == [8, 4, 2, 2, 2, 2, 2, 4, 8, 16, 16]


def test_it_changes_no_faster_than_a_board_warms_up() -> None:
    pacing = Pacing(RULES, now=0.0)
    for now in range(10, 20):
        pacing.felt(90.0, (), now=float(now))
    assert pacing.rate(now=19.0).frames_per_second == 8.0


def test_throttling_slows_down_and_says_why_even_without_a_thermometer() -> None:
    pacing = Pacing(RULES, now=0.0)
    pacing.felt(None, ("under-voltage",), now=10.0)
    rate = pacing.rate(now=10.0)
    assert (rate.frames_per_second, rate.reason) == (8.0, "slowed down: under-voltage")
    pacing.felt(81.4, ("throttled",), now=20.0)
    assert pacing.rate(now=20.0).reason == "slowed down: throttled, 81 °C"
    pacing.felt(None, (), now=30.0)
    pacing.felt(None, (), now=40.0)
    assert pacing.rate(now=40.0).reason == "full"


def test_both_reasons_are_told_and_the_lower_rate_holds() -> None:
    pacing = Pacing(RULES, now=0.0)
    pacing.felt(80.0, (), now=10.0)
    rate = pacing.rate(now=100.0)
    assert rate.frames_per_second == 4.0
    assert rate.reason == "slowed down: 80 °C; nobody for 100 s"


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 1000),
            st.one_of(st.none(), st.floats(-20, 120)),
            st.booleans(),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_the_rate_stays_within_its_bounds(
    moments: list[tuple[float, float | None, bool, bool]],
) -> None:
    pacing, now = Pacing(RULES, now=0.0), 0.0
    for passed, celsius, throttled, somebody in moments:
        now += passed
        pacing.felt(celsius, ("throttled",) if throttled else (), now=now)
        pacing.saw(somebody, now=now)
        assert RULES.least_rate <= pacing.rate(now=now).frames_per_second <= RULES.rate


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_a_rate_below_the_least_is_not_raised(rate: float) -> None:
    pacing = Pacing(PacingRules(rate=rate), now=0.0)
    pacing.felt(99.0, (), now=10.0)
    assert pacing.rate(now=10.0).frames_per_second == rate
