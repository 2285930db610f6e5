# SPDX-License-Identifier: Apache-2.0
"""The state machine of a lost camera, table by table."""

import pytest

from device.outage import (
    Outage,
    RecoveryRules,
    Stage,
    delay_seconds,
    due,
    is_settled,
    stage,
    worse,
)

RULES = RecoveryRules(
    attempts=4,
    first_delay_seconds=1.0,
    longest_delay_seconds=3.0,
    probe_seconds=30.0,
    settled_seconds=60.0,
)


def failed(times: int) -> Outage:
    outage: Outage | None = None
    for number in range(times):
        outage = worse(outage, boot_id="b", now=10.0 * number, code="camera", reason=f"no {number}")
    assert outage is not None
    return outage


def test_a_fault_begins_an_outage_and_further_ones_lengthen_it() -> None:
    assert failed(1) == Outage("b", 0.0, 0.0, 1, "camera", "no 0")
    assert failed(3) == Outage("b", 0.0, 20.0, 3, "camera", "no 2")


@pytest.mark.parametrize(
    ("failures", "delay", "where"),
    [
        (1, 1.0, Stage.WAITING),
        (2, 2.0, Stage.WAITING),
        (3, 3.0, Stage.WAITING),
        (4, 30.0, Stage.DEGRADED),
        (5, 30.0, Stage.DEGRADED),
        (5000, 30.0, Stage.DEGRADED),
    ],
)
def test_delays_grow_until_the_budget_is_used_up(failures: int, delay: float, where: Stage) -> None:
    outage = failed(failures)
    assert delay_seconds(outage, RULES) == delay
    assert due(outage, RULES) == outage.failed_at + delay
    assert stage(outage, RULES) is where


def test_without_an_outage_the_camera_may_be_opened_at_once() -> None:
    assert stage(None, RULES) is Stage.WELL
    assert due(None, RULES) == float("-inf")


@pytest.mark.parametrize(("now", "settled"), [(100.0, False), (159.0, False), (160.0, True)])
def test_a_camera_that_works_for_long_is_well_again(now: float, settled: bool) -> None:
    assert is_settled(failed(2), RULES, opened_at=100.0, now=now) is settled
    assert not is_settled(None, RULES, opened_at=100.0, now=now)


def test_the_defaults_see_a_loss_of_minutes_through_within_systemds_budget() -> None:
    """Five exits in half a minute at most; the unit allows more."""
    rules = RecoveryRules()
    delays = [delay_seconds(failed(n), rules) for n in range(1, rules.attempts)]
    assert delays == [1.0, 2.0, 4.0, 8.0]
