# SPDX-License-Identifier: Apache-2.0
"""The studio's folder, where all of its state is.

datasets/NAME/  source.json, NAME.zip (if uploaded), check/ (the job of `training inspect`,
                whose output is the inspection), prepared/SIZE-COLOUR/, cut/ (the job of
                `training prepare`)
runs/NAME/      the workdir of `training train`, with job/ (its job) and studio.json
bundles/NAME/   what `training export` wrote
jobs/NAME/      other jobs
"""

import contextlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from device.errors import DatasetError, InputError
from training.config import TrainConfig, read_config
from training.datasets.linting import Inspection
from training.studio.jobs import Job, write_atomically


class _Source(msgspec.Struct, frozen=True):
    """`source.json`: where the pictures are, and what the person called them."""

    path: str
    title: str


class _Document(msgspec.Struct, frozen=True):
    """What `training inspect --json` prints."""

    datasets: tuple[Inspection, ...]


class _RunNote(msgspec.Struct, frozen=True):
    """`studio.json` of a run: the dataset it was started on."""

    dataset: str


@dataclass(frozen=True, slots=True)
class StoredDataset:
    """Labelled pictures that were uploaded or named."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name in the studio."""
        return self.folder.name

    @property
    def title(self) -> str:
        """What the person called it: the file's or folder's own name."""
        return self._source().title

    @property
    def source(self) -> Path:
        """The ZIP or folder itself."""
        return Path(self._source().path)

    @property
    def check(self) -> Job:
        """The job that inspects it."""
        return Job(self.folder / "check")

    @property
    def cutting(self) -> Job:
        """The job that finds and cuts its faces."""
        return Job(self.folder / "cut")

    def prepared(self, size: int, colour: str) -> Path:
        """Where its crops of this size (px) and colour are, or will be."""
        return self.folder / "prepared" / f"{size}-{colour}"

    def all_prepared(self) -> tuple[Path, ...]:
        """Its finished prepared folders, newest first."""
        return _newest_first((self.folder / "prepared").glob("*/prepared.json"))

    def inspection(self) -> Inspection | None:
        """What `training inspect` found, once it has ended well."""
        if self.check.state != "done":
            return None
        text = self.check.output()
        return msgspec.json.decode(text, type=_Document).datasets[0]

    def start_check(self) -> None:
        """Inspect it.

        Raises:
            BusyError: it is being inspected.
        """
        self.check.start(("inspect", str(self.source), "--json"))

    def remove(self) -> None:
        """Forget it with all that was made of it; pictures that were not uploaded stay.

        Raises:
            InputError: it is being worked on.
        """
        if self.check.alive() or self.cutting.alive():
            raise InputError(f"{self.title} is being worked on; wait, or stop it first")
        shutil.rmtree(self.folder)

    def _source(self) -> _Source:
        try:
            return msgspec.json.decode((self.folder / "source.json").read_bytes(), type=_Source)
        except (OSError, msgspec.DecodeError) as error:
            raise DatasetError(f"{self.folder}: no dataset of the studio ({error})") from error


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A training run; `folder` is its workdir."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name in the studio."""
        return self.folder.name

    @property
    def job(self) -> Job:
        """The process that trains it."""
        return Job(self.folder / "job")

    @property
    def dataset(self) -> str:
        """The name of the dataset that it was started on."""
        return msgspec.json.decode(
            (self.folder / "studio.json").read_bytes(), type=_RunNote
        ).dataset

    @property
    def finished(self) -> bool:
        """Whether it was trained to the end, so that it can be judged and exported."""
        return self.job.state == "done" and (self.folder / "best.weights.h5").exists()

    def config(self) -> TrainConfig | None:
        """What is trained; None until the process has got that far."""
        try:
            return read_config(self.folder)
        except DatasetError:
            return None

    def remove(self) -> None:
        """Forget it.

        Raises:
            InputError: it is training.
        """
        if self.job.alive():
            raise InputError(f"{self.name} is training; stop it first")
        shutil.rmtree(self.folder)


@dataclass(frozen=True, slots=True)
class Home:
    """The studio's folder."""

    folder: Path

    def datasets(self) -> tuple[StoredDataset, ...]:
        """All datasets, newest first."""
        found = _newest_first((self.folder / "datasets").glob("*/source.json"))
        return tuple(map(StoredDataset, found))

    def runs(self) -> tuple[StoredRun, ...]:
        """All runs, newest first."""
        found = _newest_first((self.folder / "runs").glob("*/studio.json"))
        return tuple(map(StoredRun, found))

    def bundles(self) -> tuple[Path, ...]:
        """All exported bundles, newest first."""
        return _newest_first((self.folder / "bundles").glob("*/bundle.json"))

    def job(self, name: str) -> Job:
        """A job that belongs to no dataset and no run in particular."""
        return Job(self.folder / "jobs" / name)

    def new_dataset(self, title: str) -> StoredDataset:
        """A folder for an upload of this name; `keep_source` makes it a dataset."""
        return StoredDataset(self._new("datasets", Path(title).stem))

    def keep_source(self, dataset: StoredDataset, path: Path, *, title: str) -> None:
        """Say where the pictures of a new dataset are."""
        about = msgspec.json.encode(_Source(str(path), title))
        write_atomically(dataset.folder / "source.json", about)

    def new_run(self, wanted: str, *, dataset: StoredDataset) -> StoredRun:
        """An empty workdir."""
        run = StoredRun(self._new("runs", wanted))
        about = msgspec.json.encode(_RunNote(dataset.name))
        write_atomically(run.folder / "studio.json", about)
        return run

    def _new(self, room: str, wanted: str) -> Path:
        """A fresh folder whose name is made of what was wanted and is harmless."""
        plain = re.sub(r"[^a-z0-9]+", "-", wanted.casefold()).strip("-")[:40] or room.rstrip("s")
        number = 1
        while True:
            folder = self.folder / room / (plain if number == 1 else f"{plain}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
                continue
            return folder


def _newest_first(marks: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of these files, by when each file was written."""
    dated: list[tuple[float, Path]] = []
    for mark in marks:
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            dated.append((mark.stat().st_mtime, mark.parent))
    return tuple(folder for _, folder in sorted(dated, reverse=True))
