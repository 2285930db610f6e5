# SPDX-License-Identifier: Apache-2.0
"""Raw pictures to a prepared folder of aligned crops, by the device's own detector and imaging."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.detector import Detector
from device.errors import DatasetError, InputError
from device.imaging import CropRule, cut
from device.pictures import decode
from training.datasets import Dataset, Sample
from training.datasets.duplicates import clusters, difference_hash, near_pairs
from training.prepared import Preparation, Row, write_prepared

# Hundredths of all clusters that are kept out of training: to choose the epoch, and to fit the
# temperature and the threshold. Two sets, so that the second has not been looked at for the first.
SELECT_SHARE: Final = 6
CALIBRATE_SHARE: Final = 6
WIDER: Final = 7 / 6


def prepare(
    datasets: Sequence[Dataset],
    folder: Path,
    *,
    detector: Detector,
    rule: CropRule,
    role: str,
    exclude: Sequence[Dataset] = (),
    progress: Callable[[Iterable[tuple[Dataset, Sample]]], Iterable[tuple[Dataset, Sample]]] = iter,
) -> Preparation:
    """Find, align and cut the face of every picture, and split the pictures by content.

    Args:
        datasets, folder: labelled pictures, and where the prepared folder is written.
        detector, rule: the device's detector, and how the device will cut.
        role: "training" splits into train, select and calibrate; "test" keeps all together.
        exclude: pictures of these datasets, and near-duplicates of them, are not trained on.
        progress: wraps the iteration, e.g. with a progress bar.

    Raises:
        DatasetError: there is no picture at all.
    """
    work = [(dataset, sample) for dataset in datasets for sample in dataset.samples]
    if not work:
        names = ", ".join(dataset.name for dataset in datasets)
        raise DatasetError(f"no labelled picture in {names}; `training inspect` says why")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prepared.json").unlink(missing_ok=True)  # written last: it marks a finished folder
    seen = _cut_all(progress(work), len(work), folder, detector, rule)
    splits, groups = _split(work, seen, role, exclude)
    rows = [
        Row(s.name, s.perceived_gender, s.age_band, s.race, digest, bool(found), group, split)
        for (_, s), digest, found, group, split in zip(
            work, seen.digests, seen.found, groups.tolist(), splits, strict=True
        )
    ]
    about = Preparation(
        datasets=tuple(Path(dataset.name).name for dataset in datasets),
        role=role,
        detector=detector.bundle.identity,
        rule=rule,
        pictures=len(rows),
        found=int(seen.found.sum()),
        not_found_by_group=_missed(rows),
        excluded=splits.count("excluded"),
        contradictory=splits.count("contradictory"),
        unread=seen.unread,
    )
    write_prepared(folder, about, rows)
    return about


@dataclass(slots=True)
class _Seen:
    """What became of each picture: SHA-256 ("" where unread), dHash, whether a face was found."""

    digests: list[str]
    hashes: NDArray[np.uint8]
    found: NDArray[np.bool_]
    unread: dict[str, str]


def _cut_all(
    work: Iterable[tuple[Dataset, Sample]],
    n: int,
    folder: Path,
    detector: Detector,
    rule: CropRule,
) -> _Seen:
    """Write the crops of all pictures to the arrays in `folder`."""
    wide_rule = wider(rule)
    crops = _array(folder / "crops.npy", n, rule)
    wide = _array(folder / "wide.npy", n, wide_rule)
    seen = _Seen([""] * n, np.zeros((n, 32), np.uint8), np.zeros(n, np.bool_), {})
    for i, (dataset, sample) in enumerate(work):
        try:
            blob = dataset.read(sample)
            pixels = decode(blob, name=sample.name)
        except InputError as error:
            seen.unread[sample.name] = str(error)
            continue
        seen.digests[i] = hashlib.sha256(blob).hexdigest()
        seen.hashes[i] = difference_hash(pixels)
        if faces := detector.find_in_still(pixels):
            seen.found[i] = True
            crops[i] = cut(pixels, faces[0], rule).pixels
            wide[i] = cut(pixels, faces[0], wide_rule).pixels
    crops.flush()
    wide.flush()
    return seen


def _missed(rows: Sequence[Row]) -> dict[str, int]:
    """How many faces were not found, by group."""
    return dict(
        Counter(
            f"{row.race or 'unknown'} {row.perceived_gender} {row.age_band or 'unknown'}"
            for row in rows
            if not row.found and row.split != "unread"
        )
    )


def wider(rule: CropRule) -> CropRule:
    """The rule of `wide.npy`: the same scale in pixels, a sixth more, as much on every side."""
    size = rule.size + 2 * round(rule.size * (WIDER - 1) / 2)
    return msgspec.structs.replace(rule, size=size, scale=rule.scale * size / rule.size)


def _array(path: Path, n: int, rule: CropRule) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    shape = (n, rule.size, rule.size, 3 if rule.colour == "rgb" else 1)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)  # type: ignore[no-untyped-call,no-any-return]


def _split(
    work: Sequence[tuple[Dataset, Sample]],
    seen: _Seen,
    role: str,
    exclude: Sequence[Dataset],
) -> tuple[list[str], NDArray[np.int64]]:
    """A split for every picture, the same for all of one cluster of near-duplicates."""
    digests = seen.digests
    groups = np.arange(len(work))  # unread pictures resemble nothing
    read = np.array([i for i, digest in enumerate(digests) if digest], np.int64)
    groups[read] = read[clusters(seen.hashes[read])]
    if role == "test":
        return ["test" if digest else "unread" for digest in digests], groups
    labels: dict[int, set[str]] = {}
    for (_, sample), group in zip(work, groups.tolist(), strict=True):
        labels.setdefault(group, set()).add(sample.perceived_gender)
    banned = {int(groups[i]) for i in _near(seen.hashes, exclude)}
    splits = []
    for digest, group in zip(digests, groups.tolist(), strict=True):
        if not digest:
            splits.append("unread")
        elif group in banned:
            splits.append("excluded")
        elif len(labels[group]) > 1:
            splits.append("contradictory")
        else:
            splits.append(_share(digests[group]))
    return splits, groups


def _share(digest: str) -> str:
    """Which split a cluster falls into, by the hash of its first picture's content."""
    percent = int(digest[:8], 16) % 100
    if percent < SELECT_SHARE:
        return "select"
    return "calibrate" if percent < SELECT_SHARE + CALIBRATE_SHARE else "train"


def _near(hashes: NDArray[np.uint8], exclude: Sequence[Dataset]) -> set[int]:
    """Rows that nearly equal a picture of `exclude`."""
    others = []
    for dataset in exclude:
        for sample in dataset.samples:
            try:
                others.append(difference_hash(decode(dataset.read(sample), name=sample.name)))
            except InputError:  # a picture that cannot be read cannot be trained on by mistake
                continue
    if not others:
        return set()
    return {i for i, _ in near_pairs(hashes, np.stack(others))}
