# SPDX-License-Identifier: Apache-2.0
"""Raw pictures to aligned crops, by the device's own detector and imaging.

A prepared folder holds
- `prepared.json`: what it was made from and how (`Preparation`),
- `manifest.jsonl`: one `Row` for each picture, in the order of the arrays,
- `crops.npy`: uint8[n, size, size, 3], exactly what the device would hand to its classifier,
- `wide.npy`: uint8[n, wide, wide, 3], the same at the same scale with more around it, from which
  training cuts shifted, turned and zoomed variants.
Rows without a found face hold zeros there and are never trained on.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.detector import Detector
from device.errors import DatasetError, InputError
from device.imaging import CropRule, cut
from device.pictures import decode
from training.datasets.duplicates import clusters, difference_hash, near_pairs

if TYPE_CHECKING:
    from training.datasets import Dataset, Sample

# Hundredths of all clusters that are kept out of training: to choose the epoch, and to fit the
# temperature and the threshold. Two sets, so that the second has not been looked at for the first.
SELECT_SHARE: Final = 6
CALIBRATE_SHARE: Final = 6
WIDER: Final = 7 / 6


class Row(msgspec.Struct, frozen=True):
    """One picture. `split` is train, select, calibrate, test, excluded, contradictory or unread."""

    name: str
    perceived_gender: str
    age_band: str
    race: str
    sha256: str
    found: bool
    cluster: int
    split: str


class Preparation(msgspec.Struct, frozen=True):
    """How a prepared folder came to be."""

    datasets: tuple[str, ...]
    role: str
    detector: str
    rule: CropRule
    pictures: int
    found: int
    not_found_by_group: dict[str, int]
    excluded: int
    contradictory: int
    unread: dict[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An opened prepared folder."""

    folder: Path
    about: Preparation
    rows: tuple[Row, ...]

    def indices(self, *splits: str) -> NDArray[np.int64]:
        """Rows of these splits in which a face was found, int64[k]."""
        chosen = [i for i, row in enumerate(self.rows) if row.found and row.split in splits]
        return np.array(chosen, np.int64)

    def crops(self) -> NDArray[np.uint8]:
        """uint8[n, size, size, 3], memory-mapped."""
        array: NDArray[np.uint8] = np.load(self.folder / "crops.npy", mmap_mode="r")
        return array

    def wide(self) -> NDArray[np.uint8]:
        """uint8[n, wide, wide, 3], memory-mapped."""
        array: NDArray[np.uint8] = np.load(self.folder / "wide.npy", mmap_mode="r")
        return array


def open_prepared(folder: Path) -> Prepared:
    """Read what `prepare` wrote.

    Raises:
        DatasetError: this is no prepared folder, or one that was not finished.
    """
    try:
        about = msgspec.json.decode((folder / "prepared.json").read_bytes(), type=Preparation)
        lines = (folder / "manifest.jsonl").read_bytes()
    except (OSError, msgspec.DecodeError) as error:
        raise DatasetError(
            f"{folder}: not a (finished) prepared folder ({error}); run `training prepare` first"
        ) from error
    rows = msgspec.json.Decoder(Row).decode_lines(lines)
    return Prepared(folder, about, tuple(rows))


def prepare(
    datasets: Sequence["Dataset"],
    folder: Path,
    *,
    detector: Detector,
    rule: CropRule,
    role: str,
    exclude: Sequence["Dataset"] = (),
    progress: Callable[[Iterable[tuple["Dataset", "Sample"]]], Iterable[tuple["Dataset", "Sample"]]] = iter,
) -> Preparation:
    """Find, align and cut the face of every picture, and split the pictures by content.

    Args:
        datasets: labelled pictures.
        folder: where the prepared folder is written.
        detector: the device's detector.
        rule: how the device will cut.
        role: "training" splits into train, select and calibrate; "test" keeps all together.
        exclude: pictures of these datasets, and near-duplicates of them, are not trained on.
        progress: wraps the iteration, e.g. with a progress bar.

    Raises:
        DatasetError: there is no picture at all.
    """
    work = [(dataset, sample) for dataset in datasets for sample in dataset.samples]
    if not work:
        raise DatasetError(
            f"no labelled picture in {', '.join(d.name for d in datasets)}; `training inspect` says why"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prepared.json").unlink(missing_ok=True)  # written last: it marks a finished folder
    wide_rule = wider(rule)
    crops = _array(folder / "crops.npy", len(work), rule.size)
    wide = _array(folder / "wide.npy", len(work), wide_rule.size)
    hashes = np.zeros((len(work), 32), np.uint8)
    found = np.zeros(len(work), bool)
    digests, unread = [""] * len(work), {}
    for i, (dataset, sample) in enumerate(progress(work)):
        try:
            blob = dataset.read(sample)
            pixels = decode(blob, name=sample.name)
        except InputError as error:
            unread[sample.name] = str(error)
            continue
        digests[i] = hashlib.sha256(blob).hexdigest()
        hashes[i] = difference_hash(pixels)
        if faces := detector.find_in_still(pixels):
            found[i] = True
            crops[i] = cut(pixels, faces[0], rule).pixels
            wide[i] = cut(pixels, faces[0], wide_rule).pixels
    crops.flush()
    wide.flush()
    splits, groups = _split(work, hashes, digests, role, exclude)
    rows = [
        Row(s.name, s.perceived_gender, s.age_band, s.race, digests[i], bool(found[i]), g, splits[i])
        for i, ((_, s), g) in enumerate(zip(work, groups.tolist(), strict=True))
    ]
    about = Preparation(
        datasets=tuple(dataset.name for dataset in datasets),
        role=role,
        detector=detector.bundle.identity,
        rule=rule,
        pictures=len(rows),
        found=int(found.sum()),
        not_found_by_group=dict(
            Counter(
                f"{row.race or 'unknown'} {row.perceived_gender} {row.age_band or 'unknown'}"
                for row in rows
                if not row.found and row.split != "unread"
            )
        ),
        excluded=splits.count("excluded"),
        contradictory=splits.count("contradictory"),
        unread=unread,
    )
    (folder / "manifest.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(rows))
    (folder / "prepared.json").write_bytes(msgspec.json.format(msgspec.json.encode(about)))
    return about


def wider(rule: CropRule) -> CropRule:
    """The rule of `wide.npy`: the same scale in pixels, a sixth more around it."""
    size = round(rule.size * WIDER)
    return dataclasses.replace(rule, size=size, scale=rule.scale * size / rule.size)


def _array(path: Path, n: int, size: int) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    shape = (n, size, size, 3)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)  # type: ignore[no-untyped-call,no-any-return]


def _split(
    work: Sequence[tuple["Dataset", "Sample"]],
    hashes: NDArray[np.uint8],
    digests: Sequence[str],
    role: str,
    exclude: Sequence["Dataset"],
) -> tuple[list[str], NDArray[np.int64]]:
    """A split for every picture, the same for all of one cluster of near-duplicates."""
    groups = clusters(hashes)
    if role == "test":
        return ["test" if digest else "unread" for digest in digests], groups
    labels: dict[int, set[str]] = {}
    for (_, sample), group in zip(work, groups.tolist(), strict=True):
        labels.setdefault(group, set()).add(sample.perceived_gender)
    banned = {int(groups[i]) for i in _near(hashes, exclude)}
    splits = []
    for digest, group in zip(digests, groups.tolist(), strict=True):
        if not digest:
            splits.append("unread")
        elif group in banned:
            splits.append("excluded")
        elif len(labels[group]) > 1:
            splits.append("contradictory")
        else:
            splits.append(_share(digests[group] or digest))
    return splits, groups


def _share(digest: str) -> str:
    """Which split a cluster falls into, by the hash of its first picture's content."""
    percent = int(digest[:8], 16) % 100
    if percent < SELECT_SHARE:
        return "select"
    return "calibrate" if percent < SELECT_SHARE + CALIBRATE_SHARE else "train"


def _near(hashes: NDArray[np.uint8], exclude: Sequence["Dataset"]) -> set[int]:
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
