# SPDX-License-Identifier: Apache-2.0
"""Opens a labelled dataset and recognises its format."""

from pathlib import Path

from device.errors import DatasetError
from device.pictures import PictureSource, open_source
from training.datasets import fairface, folders, utkface
from training.datasets.base import Dataset, Format, Labels

# Below this share of fitting names a format is a coincidence.
ENOUGH = 0.5


def open_dataset(path: Path) -> Dataset:
    """The dataset at `path`: a ZIP, a folder, or a FairFace CSV beside its pictures (or their ZIP).

    Raises:
        DatasetError: the labels are in none of the known formats.
        InputError: there is nothing, nothing readable or no picture, or the ZIP is hostile.
    """
    if path.suffix.lower() == ".csv":
        return _open_table(path)
    source = open_source(path)
    try:
        kind, labels = _recognise(source, path)
    except BaseException:
        source.close()
        raise
    return Dataset(source, name=str(path), kind=kind, labels=labels)


def _recognise(source: PictureSource, path: Path) -> tuple[Format, Labels]:
    tables = fairface.tables(source)
    if tables:
        return "fairface", fairface.read_labels(source.names, tables)
    total = len(source.names)
    if sum(map(utkface.looks_like, source.names)) >= ENOUGH * total:
        return "utkface", utkface.read_labels(source.names)
    if sum(folders.gender_by_folder(name) is not None for name in source.names) >= ENOUGH * total:
        return "folders", folders.read_labels(source.names)
    raise DatasetError(
        f"{path} holds {total} pictures but no labels that are known: expected a CSV with the "
        "columns file, age, gender, race (FairFace), names such as 24_0_1_date.jpg (UTKFace), or "
        "folders named female and male"
    )


def _open_table(path: Path) -> Dataset:
    """A CSV that was named itself; of all the tables beside it only this one counts."""
    with open_source(path) as single:
        text = single.read_text(path.name) or ""
    if not fairface.is_table(text):
        raise DatasetError(
            f"{path} has no columns file and gender: a FairFace-style CSV was expected"
        )
    source = _pictures_beside(path)
    try:
        labels = fairface.read_labels(source.names, {path.name: text})
    except BaseException:
        source.close()
        raise
    return Dataset(source, name=str(path), kind="fairface", labels=labels)


def _pictures_beside(table: Path) -> PictureSource:
    """The one ZIP in the table's folder, as FairFace is published, else the folder itself."""
    archives = [path for path in table.parent.iterdir() if path.suffix.lower() == ".zip"]
    return open_source(archives[0] if len(archives) == 1 else table.parent)
