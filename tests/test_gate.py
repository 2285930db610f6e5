# SPDX-License-Identifier: Apache-2.0
"""Gates: each fails by itself, with its figure and limit, and passes at the limit."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.bundle import open_bundle
from device.bundle.manifest import EvaluatedSet, Evidence, Figure, Quantisation
from training.cli import main
from training.gate import GateError, Limits, apart, failures, require, verdicts

LIMITS = Limits()


def figure(value: float, n: int = 500) -> Figure:
    return Figure(n=n, value=value, low=max(0, value - 0.02), high=min(1, value + 0.02))


def evidence(*, ece: float | None = 0.03, quantised: bool = True, **groups: Figure) -> Evidence:
    """Evidence that just passes: every figure lies on its limit."""
    found = {
        "gender female": figure(0.90),
        "gender male": figure(0.92),
        "race Black": figure(0.86),
        "cell Black female": figure(0.85),
        "cell Black male": figure(0.80, n=99),
        "age 0-2": figure(0.60),
        **{name.replace("_", " "): value for name, value in groups.items()},
    }
    test = EvaluatedSet(name="val", method="x", accuracy=figure(0.91), groups=found, ece=ece)
    drop = Quantisation(n=1600, float_accuracy=0.913, int8_accuracy=0.91, same_label=0.985)
    return Evidence(tests=(test,), quantisation=drop if quantised else None)


def told(given: Evidence, model_bytes: int = 1000, **limits: float) -> tuple[str, ...]:
    return failures(given, model_bytes=model_bytes, limits=Limits(**limits))  # type: ignore[arg-type]


def test_figures_on_their_limits_pass() -> None:
    assert told(evidence(), max_bytes=1000) == ()
    require(evidence(), model_bytes=1000, limits=LIMITS)


def test_the_worst_group_is_named_with_its_gap() -> None:
    (one,) = told(evidence(cell_Black_female=figure(0.8499, n=100)))
    assert one == (
        "worst group: cell Black female is right in 84.99% (n 100), 6.01 points under the mean of "
        "91.00% on val, at most 6 allowed"
    )
    assert told(evidence(cell_Black_female=figure(0.5, n=99))) == ()  # too few to judge
    assert len(told(evidence(), group_n=99)) == 1


def test_women_and_men_must_be_near_each_other() -> None:
    (one,) = told(evidence(gender_female=figure(0.8799), gender_male=figure(0.9201)))
    assert one.startswith("women and men: right in 87.99% and 92.01% on val, 4.02 points apart")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (evidence(ece=0.0301), "calibration: ECE 0.0301 on val, at most 0.03 allowed"),
        (evidence(ece=None), "calibration: no ECE was recorded"),
        (evidence(quantised=False), "int8 drop: int8 was not compared with float"),
        (Evidence(tests=()), "there is no test set"),
    ],
)
def test_other_gates_say_what_is_wrong(given: Evidence, words: str) -> None:
    (one,) = told(given)
    assert one.startswith(words)


def test_int8_must_keep_up_with_float() -> None:
    worse = Quantisation(n=1600, float_accuracy=0.92, int8_accuracy=0.91, same_label=0.98)
    given = msgspec.structs.replace(evidence(), quantisation=worse)
    drop, same = told(given)
    assert drop == (
        "int8 drop: 91.00% against 92.00% in float (n 1600), 1.00 points lost, at most 0.3 allowed"
    )
    assert same == "same label: int8 and float agree in 98.00% (n 1600), at least 98.5 % expected"
    better = Quantisation(n=1600, float_accuracy=0.91, int8_accuracy=0.92, same_label=0.99)
    assert told(msgspec.structs.replace(evidence(), quantisation=better)) == ()


def test_size_is_judged_where_asked() -> None:
    assert told(evidence(), model_bytes=10**9) == ()
    assert told(evidence(), model_bytes=701, max_bytes=700) == (
        "size: the model has 701 bytes, at most 700 allowed",
    )


def test_every_gate_has_its_verdict() -> None:
    judged = verdicts(evidence(ece=0.2), model_bytes=1000, limits=LIMITS)
    assert [(one.gate, len(one.faults)) for one in judged] == [
        ("worst group", 0),
        ("women and men", 0),
        ("calibration", 1),
        ("int8 drop", 0),
        ("same label", 0),
        ("size", 0),
    ]
    assert sum((one.faults for one in judged), ()) == told(evidence(ece=0.2))
    assert verdicts(Evidence(tests=()), model_bytes=1, limits=LIMITS) == ()


def test_age_bands_are_told_and_not_judged() -> None:
    assert told(evidence()) == ()
    (one,) = apart(evidence(), LIMITS)
    assert one.startswith("age 0-2 is right in 60.00% (n 500), 31.00 points under the mean")


def test_every_failed_gate_is_one_line_of_the_error() -> None:
    with pytest.raises(GateError) as caught:
        require(evidence(ece=0.2, quantised=False), model_bytes=1, limits=LIMITS)
    assert len(str(caught.value).splitlines()) == 2


def test_a_bundle_is_judged_by_its_own_evidence(
    models_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = shutil.copytree(models_directory / "default", tmp_path / "default")
    path = bundle / "bundle.json"
    manifest: dict[str, Any] = json.loads(path.read_text())
    manifest["evidence"] = msgspec.to_builtins(evidence())
    path.write_text(json.dumps(manifest))
    size = open_bundle(bundle).manifest.model_bytes
    assert main(["gate", str(bundle)]) == 0
    shown = capsys.readouterr()
    assert "passes every gate on val" in shown.out
    assert "not judged: age 0-2" in shown.out
    assert main(["gate", str(bundle), "--max-bytes", str(size - 1), "--ece", "2"]) == 71
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[:3] for line in lines] == [
        ["training", " gate", " calibration"],
        ["training", " gate", " size"],
    ]


def test_the_limits_have_one_default(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("gate", "export"):
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        shown = " ".join(capsys.readouterr().out.split())
        assert "under the mean (default: 6)" in shown
        assert "agree" not in shown
        assert "--max-bytes N bytes of the model's file (default: any)" in shown
