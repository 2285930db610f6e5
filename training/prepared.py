# SPDX-License-Identifier: Apache-2.0
"""A prepared folder: what `training prepare` writes and everything after it reads.

It holds
- `prepared.json`: what it was made from and how (`Preparation`),
- `manifest.jsonl`: one `Row` for each picture, in the order of the arrays,
- `crops.npy`: uint8[n, size, size, 3], exactly what the device would hand to its classifier,
- `wide.npy`: uint8[n, wide, wide, 3], the same at the same scale with more around it, from which
  training cuts shifted, turned and zoomed variants.
Greyscale crops have one channel instead of three.
Rows without a found face hold zeros there and are never trained on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.imaging import CropRule


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

    def crops(self, margin: int = 0) -> NDArray[np.uint8]:
        """The crops with `margin` pixels around them, uint8[n, s, s, 3 or 1], memory-mapped.

        Raises:
            DatasetError: the folder has no such margin.
        """
        if margin:
            return self._middle(margin)
        array: NDArray[np.uint8] = np.load(self.folder / "crops.npy", mmap_mode="r")
        return array

    def wide(self) -> NDArray[np.uint8]:
        """uint8[n, wide, wide, 3 or 1], memory-mapped."""
        array: NDArray[np.uint8] = np.load(self.folder / "wide.npy", mmap_mode="r")
        return array

    def _middle(self, margin: int) -> NDArray[np.uint8]:
        """What lies in the middle of the wide crops."""
        wide, size = self.wide(), self.about.rule.size
        most, odd = divmod(wide.shape[1] - size, 2)
        if odd:
            raise DatasetError(
                f"{self.folder}: its wide crops have {wide.shape[1]} px, expected an even number "
                f"more than {size}, so that they have a middle; run `training prepare` again"
            )
        if margin > most:
            raise DatasetError(
                f"{self.folder}: a margin of {margin} px was asked for, expected at most {most}: "
                "its wide crops have no more; ask for less"
            )
        outside = most - margin
        end = wide.shape[1] - outside
        return wide[:, outside:end, outside:end]


def open_prepared(folder: Path) -> Prepared:
    """Read what `prepare` wrote.

    Raises:
        DatasetError: this is no prepared folder, or one that was not finished.
    """
    try:
        about = msgspec.json.decode((folder / "prepared.json").read_bytes(), type=Preparation)
        lines = (folder / "manifest.jsonl").read_bytes()
        rows = msgspec.json.Decoder(Row).decode_lines(lines)
    except (OSError, msgspec.DecodeError) as error:
        raise DatasetError(
            f"{folder}: not a (finished) prepared folder ({error}); run `training prepare` first"
        ) from error
    return Prepared(folder, about, tuple(rows))


def write_prepared(folder: Path, about: Preparation, rows: Sequence[Row]) -> None:
    """Write the manifest, then `prepared.json`, which marks the folder as finished."""
    (folder / "manifest.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(rows))
    (folder / "prepared.json").write_bytes(msgspec.json.format(msgspec.json.encode(about)))
