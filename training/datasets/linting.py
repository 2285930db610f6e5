# SPDX-License-Identifier: Apache-2.0
"""Judges labelled datasets: counts, faults, duplicates, contradictions, leakage between splits.

"Same" means equal bytes; "near" means difference hashes at most `duplicates.NEAR` bits apart, which
finds recompressed and rescaled copies and, now and then, two different but alike pictures.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.pictures import Refusal, decode
from training.datasets.base import Dataset, Fault, Sample
from training.datasets.duplicates import clusters, difference_hash, near_pairs

LABELS = ("perceived_gender", "age_band", "age_years", "race")

Progress = Callable[[Sequence[Sample]], Iterable[Sample]]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many readable pictures one group has; an empty word means that the label is missing."""

    perceived_gender: str
    age_band: str
    race: str
    pictures: int


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Pictures that show the same thing under different labels; `labels` is parallel to `names`."""

    names: Names
    labels: tuple[str, ...]
    differ_in: tuple[str, ...]
    same: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was found in one dataset; `same` and `near` are groups of names."""

    name: str
    format: str
    pictures: int
    counts: tuple[Count, ...]
    faults: tuple[Fault, ...]
    unreadable: tuple[Fault, ...]
    refused: tuple[Refusal, ...]
    same: tuple[Names, ...]
    near: tuple[Names, ...]
    contradictions: tuple[Contradiction, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """One picture of `first` that occurs in `second` too, equal (`same`) or nearly so."""

    first: str
    second: str
    first_name: str
    second_name: str
    same: bool
    labels_differ: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """The readable pictures of a dataset with the SHA-256 and difference hash (uint8[n, 32])."""

    dataset: Dataset
    samples: tuple[Sample, ...]
    digests: tuple[str, ...]
    hashes: NDArray[np.uint8]
    unreadable: tuple[Fault, ...]


def scan(dataset: Dataset, *, progress: Progress = iter) -> Scan:
    """Read and decode every picture once; `progress` wraps the iteration."""
    samples: list[Sample] = []
    digests: list[str] = []
    hashes: list[NDArray[np.uint8]] = []
    unreadable: list[Fault] = []
    for sample in progress(dataset.samples):
        try:
            data = dataset.read(sample)
            hashes.append(difference_hash(decode(data, name=sample.name)))
        except InputError as error:
            unreadable.append(Fault(sample.name, str(error)))
            continue
        samples.append(sample)
        digests.append(hashlib.sha256(data).hexdigest())
    stacked = np.stack(hashes) if hashes else np.zeros((0, 32), np.uint8)
    return Scan(dataset, tuple(samples), tuple(digests), stacked, tuple(unreadable))


def inspect(scanned: Scan) -> Inspection:
    """What there is to say of one dataset by itself."""
    counted = Counter((s.perceived_gender, s.age_band, s.race) for s in scanned.samples)
    same = _groups(scanned.digests)
    alike = _groups(clusters(scanned.hashes).tolist())
    near = [group for group in alike if len({scanned.digests[i] for i in group}) > 1]
    found = (_contradiction(group, scanned) for group in alike)
    return Inspection(
        name=scanned.dataset.name,
        format=scanned.dataset.format,
        pictures=len(scanned.samples),
        counts=tuple(Count(*group, pictures=n) for group, n in sorted(counted.items())),
        faults=scanned.dataset.faults,
        unreadable=scanned.unreadable,
        refused=scanned.dataset.refused,
        same=_named(same, scanned),
        near=_named(near, scanned),
        contradictions=tuple(contradiction for contradiction in found if contradiction),
    )


def leaks(scans: Sequence[Scan]) -> tuple[Leak, ...]:
    """Pictures that two of the datasets share, equal or nearly so, one entry for each pair."""
    return tuple(
        Leak(
            first=first.dataset.name,
            second=second.dataset.name,
            first_name=first.samples[i].name,
            second_name=second.samples[j].name,
            same=first.digests[i] == second.digests[j],
            labels_differ=first.samples[i].perceived_gender != second.samples[j].perceived_gender,
        )
        for first, second in combinations(scans, 2)
        for i, j in near_pairs(first.hashes, second.hashes)
    )


def _groups(keys: Iterable[object]) -> list[list[int]]:
    """Indices that share a key, for keys that occur more than once."""
    found: dict[object, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        found[key].append(index)
    return [group for group in found.values() if len(group) > 1]


def _named(groups: Iterable[Sequence[int]], scanned: Scan) -> tuple[Names, ...]:
    return tuple(tuple(scanned.samples[i].name for i in group) for group in groups)


def _contradiction(group: Sequence[int], scanned: Scan) -> Contradiction | None:
    samples = [scanned.samples[i] for i in group]
    differ = tuple(field for field in LABELS if len({getattr(s, field) for s in samples}) > 1)
    if not differ:
        return None
    return Contradiction(
        names=tuple(sample.name for sample in samples),
        labels=tuple(_in_words(sample) for sample in samples),
        differ_in=differ,
        same=len({scanned.digests[i] for i in group}) == 1,
    )


def _in_words(sample: Sample) -> str:
    age = f"aged {sample.age_years}" if sample.age_years is not None else sample.age_band
    return " ".join(word for word in (sample.perceived_gender, age, sample.race) if word)
