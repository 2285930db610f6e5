# SPDX-License-Identifier: Apache-2.0
import pytest

from training.metrics import (
    Outcome,
    accuracy,
    by_group,
    calibration_error,
    figure,
    risk_coverage,
)


def outcome(truth: str, female: float | None, sure: bool = True, **more: str) -> Outcome:
    return Outcome("x", truth, more.get("race", ""), more.get("age_band", ""), female, sure)


def test_wilson_interval_is_the_textbook_s() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
    found = figure(81, 263)
    assert (found.value, found.low, found.high) == (0.308, 0.2553, 0.3662)
    assert figure(0, 0).n == 0
    assert figure(10, 10).high == 1.0
    assert figure(0, 10).low == 0.0


def test_a_face_not_found_is_wrong() -> None:
    outcomes = [outcome("female", 0.9), outcome("male", None), outcome("male", 0.6)]
    assert accuracy(outcomes).value == pytest.approx(1 / 3, abs=1e-4)


def test_groups_keep_children_apart() -> None:
    outcomes = [
        outcome("female", 0.9, race="White", age_band="0-2"),
        outcome("male", 0.9, race="White", age_band="3-9"),
        outcome("male", 0.1, race="Black", age_band="20-29"),
    ]
    groups = by_group(outcomes)
    assert groups["ages under 10"].value == 0.5
    assert groups["ages 10 and up"].n == 1
    assert groups["cell White female"].value == 1.0
    assert groups["gender male"].n == 2


def test_calibration_error_of_an_honest_and_a_boastful_model() -> None:
    honest = [outcome("female", 0.75)] * 3 + [outcome("male", 0.75)]
    boastful = [outcome("female", 1.0)] * 3 + [outcome("male", 1.0)]
    assert calibration_error(honest) == pytest.approx(0.0)
    assert calibration_error(boastful) == pytest.approx(0.25)
    assert calibration_error([outcome("male", None)]) == 0.0


def test_risk_rises_with_coverage() -> None:
    outcomes = [outcome("female", 0.99), outcome("male", 0.02), outcome("male", 0.6)]
    coverage, risk = risk_coverage([*outcomes, outcome("male", None)])
    assert coverage.tolist() == [0.25, 0.5, 0.75]
    assert risk.tolist() == [0, 0, pytest.approx(1 / 3)]
