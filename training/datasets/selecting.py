# SPDX-License-Identifier: Apache-2.0
"""Which pictures of a labelled dataset an evaluation counts, and why the others are left out.

One picture counts once, however often it is there; a picture with contradictory labels has no truth
to compare with and counts not at all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from training.datasets.base import Dataset, Sample
from training.datasets.duplicates import clusters
from training.datasets.linting import Progress, scan

Kind = Literal["label", "contradictory", "duplicate", "age"]

WORDS: dict[Kind, str] = {
    "label": "without a readable label",
    "contradictory": "with contradictory labels",
    "duplicate": "duplicates",
    "age": "outside the ages asked for",
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A picture that is left out, what sort of fault it is, and the reason in words."""

    name: str
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The samples that count, and what was left out, in the dataset's order."""

    samples: tuple[Sample, ...]
    dropped: tuple[Dropped, ...]

    def in_words(self) -> str:
        """How many pictures were left out and why, or "" where none was."""
        counts = Counter(one.kind for one in self.dropped)
        parts = [f"{counts[kind]} {words}" for kind, words in WORDS.items() if counts[kind]]
        return f"left out: {', '.join(parts)}" if parts else ""


def select(
    dataset: Dataset, *, from_age: int | None = None, progress: Progress = iter
) -> Selection:
    """Leave out duplicates, contradictions and, if asked, ages that are not surely high enough.

    Pictures that cannot be decoded stay: a device could not answer for them either.

    Args:
        dataset: labelled pictures.
        from_age: the lowest age in years that counts, or None for all; an age band counts when its
            lower end is at least this, a picture without an age does not.
        progress: wraps the iteration over the pictures.
    """
    scanned = scan(dataset, progress=progress)
    groups: dict[int, list[Sample]] = {}
    for sample, group in zip(scanned.samples, clusters(scanned.hashes).tolist(), strict=True):
        groups.setdefault(group, []).append(sample)
    out = {one.name: one for group in groups.values() for one in _judged(group, from_age)}
    kept: list[Sample] = []
    for sample in dataset.samples:
        if sample.name in out:
            continue
        if from_age is None or _old_enough(sample, from_age):
            kept.append(sample)
        else:
            age = _age_in_words(sample)
            out[sample.name] = Dropped(sample.name, "age", f"{age}, {from_age} and up asked for")
    faults = [Dropped(f.name, "label", f.reason) for f in dataset.faults if not f.kept]
    ordered = [out[sample.name] for sample in dataset.samples if sample.name in out]
    return Selection(tuple(kept), (*faults, *ordered))


def age_floor(sample: Sample) -> int | None:
    """The lowest age in years that a label allows, or None where there is no age."""
    if sample.age_years is not None:
        return sample.age_years
    digits = sample.age_band.removeprefix("more than ").split("-")[0]
    return int(digits) if digits.isdecimal() else None


def _judged(group: Sequence[Sample], from_age: int | None) -> Iterator[Dropped]:
    """What is left out of pictures that show the same thing."""
    if len(group) < 2:
        return
    names = ", ".join(sample.name for sample in group)
    if len({sample.perceived_gender for sample in group}) > 1:
        reason = f"female and male for one picture: {names}"
        yield from (Dropped(one.name, "contradictory", reason) for one in group)
    elif from_age is not None and len({_old_enough(one, from_age) for one in group}) > 1:
        reason = f"ages under and from {from_age} for one picture: {names}"
        yield from (Dropped(one.name, "contradictory", reason) for one in group)
    else:
        reason = f"the same picture as {group[0].name}"
        yield from (Dropped(one.name, "duplicate", reason) for one in group[1:])


def _old_enough(sample: Sample, from_age: int) -> bool:
    floor = age_floor(sample)
    return floor is not None and floor >= from_age


def _age_in_words(sample: Sample) -> str:
    if sample.age_years is not None:
        return f"aged {sample.age_years}"
    return f"age band {sample.age_band}" if sample.age_band else "no age"
