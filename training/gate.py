# SPDX-License-Identifier: Apache-2.0
"""Gates: what a bundle's recorded evidence must show before the bundle may be shipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import PasserbyError

if TYPE_CHECKING:  # the command line reads the defaults below without loading numpy
    from device.bundle.manifest import EvaluatedSet, Evidence, Figure

# Groups that a model must serve alike. Age bands are not among them: children's faces hardly tell,
# and their figures stand apart (see training/card.py); `apart` lists them.
JUDGED = ("gender ", "race ", "cell ")


class GateError(PasserbyError):
    """Evidence that does not pass; the message has one line for each gate that failed."""

    code = "gate"
    exit_status = 71


@dataclass(frozen=True, slots=True)
class Limits:
    """What the first test set must show. Shares and gaps are in points (hundredths).

    Attributes:
        group_gap: how far the worst group by perceived gender, race or both may lie under the mean.
        group_n: groups with fewer pictures are not judged.
        gender_gap: how far women and men may lie apart.
        int8_drop: how much accuracy int8 may lose against float.
        same_label: how often int8 and float must give the same label.
        ece: the largest expected calibration error.
        max_bytes: the largest model file, or None for any.
    """

    group_gap: float = 6.0
    group_n: int = 100
    gender_gap: float = 2.0
    int8_drop: float = 0.3
    same_label: float = 98.5
    ece: float = 3.0
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate: its name, what it asks and what was found in words, a sentence for each fault."""

    gate: str
    asks: str
    found: str
    faults: tuple[str, ...]


def require(evidence: "Evidence", *, model_bytes: int, limits: Limits) -> None:
    """Let evidence pass or not.

    Raises:
        GateError: with every gate that failed, its figure and its limit.
    """
    faults = failures(evidence, model_bytes=model_bytes, limits=limits)
    if faults:
        raise GateError("\n".join(faults))


def failures(evidence: "Evidence", *, model_bytes: int, limits: Limits) -> tuple[str, ...]:
    """One sentence for each gate that the evidence fails; none where it passes.

    Args:
        evidence: as recorded in a bundle; its first test set is judged.
        model_bytes: size of the model's file.
        limits: the gates.
    """
    if not evidence.tests:
        return ("there is no test set in the evidence, expected one: export with --test",)
    judged = verdicts(evidence, model_bytes=model_bytes, limits=limits)
    return tuple(fault for verdict in judged for fault in verdict.faults)


def verdicts(evidence: "Evidence", *, model_bytes: int, limits: Limits) -> tuple[Verdict, ...]:
    """Every gate, passed or not, in the order of `failures`; none without a test set."""
    if not evidence.tests:
        return ()
    first, int8 = evidence.tests[0], evidence.quantisation
    size = "any size" if limits.max_bytes is None else f"at most {limits.max_bytes:,} bytes"
    gates = (
        (
            "worst group",
            f"no group by perceived gender, race or both more than {limits.group_gap:g} points "
            f"under the mean, of groups of {limits.group_n} pictures or more",
            _worst(first, limits),
            _groups(first, limits),
        ),
        (
            "women and men",
            f"at most {limits.gender_gap:g} points apart",
            _both(first),
            _genders(first, limits),
        ),
        (
            "calibration",
            f"an expected calibration error of at most {limits.ece / 100:g}",
            "" if first.ece is None else f"{first.ece:.4f}",
            _calibration(first, limits),
        ),
        (
            "int8 drop",
            f"at most {limits.int8_drop:g} points of accuracy lost against float",
            f"{int8.int8_accuracy:.2%} against {int8.float_accuracy:.2%}" if int8 else "",
            _drop(evidence, limits),
        ),
        (
            "same label",
            f"one label from int8 and float in at least {limits.same_label:g} % of the pictures",
            f"{int8.same_label:.2%}" if int8 else "",
            _same_label(evidence, limits),
        ),
        ("size", size, f"{model_bytes:,} bytes", _size(model_bytes, limits)),
    )
    return tuple(Verdict(gate, asks, found, tuple(faults)) for gate, asks, found, faults in gates)


def _worst(found: "EvaluatedSet", limits: Limits) -> str:
    groups = _large(found, limits, JUDGED)
    if not groups:
        return ""
    name = min(groups, key=lambda name: groups[name].value)
    return f"{name}: {groups[name].value:.2%}, mean {found.accuracy.value:.2%}"


def _both(found: "EvaluatedSet") -> str:
    women, men = found.groups.get("gender female"), found.groups.get("gender male")
    return "" if women is None or men is None else f"{women.value:.2%} and {men.value:.2%}"


def apart(evidence: "Evidence", limits: Limits) -> tuple[str, ...]:
    """Age bands of the first test set that lie further under the mean than a judged group may."""
    found = evidence.tests[0] if evidence.tests else None
    return () if found is None else tuple(_under(found, limits, ("age ", "ages ")))


def _groups(found: "EvaluatedSet", limits: Limits) -> Iterator[str]:
    if not _large(found, limits, JUDGED):
        yield (
            f"worst group: {found.name} has no group of {limits.group_n} pictures or more, "
            "expected one to judge"
        )
    for one in _under(found, limits, JUDGED):
        yield f"worst group: {one}, at most {limits.group_gap:g} allowed"


def _under(found: "EvaluatedSet", limits: Limits, kinds: tuple[str, ...]) -> Iterator[str]:
    """Groups too far under the mean, worst first."""
    mean = found.accuracy.value
    groups = _large(found, limits, kinds)
    for name, value in sorted(groups.items(), key=lambda item: item[1].value):
        gap = _points(mean - value.value)
        if gap > limits.group_gap:
            yield (
                f"{name} is right in {value.value:.2%} (n {value.n}), {gap:.2f} points under the "
                f"mean of {mean:.2%} on {found.name}"
            )


def _large(found: "EvaluatedSet", limits: Limits, kinds: tuple[str, ...]) -> "dict[str, Figure]":
    return {
        name: value
        for name, value in found.groups.items()
        if name.startswith(kinds) and value.n >= limits.group_n
    }


def _genders(found: "EvaluatedSet", limits: Limits) -> Iterator[str]:
    women, men = found.groups.get("gender female"), found.groups.get("gender male")
    if women is None or men is None:
        yield f"women and men: {found.name} shows not both, expected both to compare them"
        return
    gap = _points(abs(women.value - men.value))
    if gap > limits.gender_gap:
        yield (
            f"women and men: right in {women.value:.2%} and {men.value:.2%} on {found.name}, "
            f"{gap:.2f} points apart, at most {limits.gender_gap:g} allowed"
        )


def _calibration(found: "EvaluatedSet", limits: Limits) -> Iterator[str]:
    if found.ece is None:
        yield f"calibration: no ECE was recorded on {found.name}, expected one"
    elif _points(found.ece) > limits.ece:
        yield (
            f"calibration: ECE {found.ece:.4f} on {found.name}, at most {limits.ece / 100:g} "
            "allowed"
        )


def _drop(evidence: "Evidence", limits: Limits) -> Iterator[str]:
    found = evidence.quantisation
    if found is None:
        yield "int8 drop: int8 was not compared with float, expected it to be"
        return
    drop = _points(found.float_accuracy - found.int8_accuracy)
    if drop > limits.int8_drop:
        yield (
            f"int8 drop: {found.int8_accuracy:.2%} against {found.float_accuracy:.2%} in float "
            f"(n {found.n}), {drop:.2f} points lost, at most {limits.int8_drop:g} allowed"
        )


def _same_label(evidence: "Evidence", limits: Limits) -> Iterator[str]:
    found = evidence.quantisation
    if found is not None and _points(found.same_label) < limits.same_label:
        yield (
            f"same label: int8 and float agree in {found.same_label:.2%} (n {found.n}), at least "
            f"{limits.same_label:g} % expected"
        )


def _size(model_bytes: int, limits: Limits) -> Iterator[str]:
    if limits.max_bytes is not None and model_bytes > limits.max_bytes:
        yield f"size: the model has {model_bytes} bytes, at most {limits.max_bytes} allowed"


def _points(share: float) -> float:
    """Hundredths, free of the rounding that would fail a figure that just meets its limit."""
    return round(100 * share, 6)
