# SPDX-License-Identifier: Apache-2.0
"""Takes pictures in: a file that was uploaded, or a path that a person names."""

import re
import shutil
from pathlib import Path
from typing import IO, Final

from device.errors import InputError
from training.studio.home import Home, StoredDataset

_CHUNK_BYTES: Final = 1 << 20


def take_upload(home: Home, name: str, file: IO[bytes]) -> StoredDataset:
    """Keep an uploaded file as a dataset and begin to check it.

    Args:
        home: the studio's folder.
        name: the file's name on the person's machine; only for people to read.
        file: its content, from the beginning.
    """
    title = re.sub(r"[^\w .()+-]+", "_", Path(name).name).strip(". ") or "upload.zip"
    dataset = home.new_dataset(title)
    # What the person called it may be no name for a file; reports name the file.
    path = dataset.folder / f"{dataset.name}.zip"
    with path.open("wb") as kept:
        shutil.copyfileobj(file, kept, _CHUNK_BYTES)
    home.keep_source(dataset, path, title=title)
    dataset.start_check()
    return dataset


def take_path(home: Home, text: str) -> StoredDataset:
    """Take what is on this machine already, in its place, and begin to check it.

    Raises:
        InputError: there is nothing at this path.
    """
    path = Path(text.strip()).expanduser()
    if not text.strip() or not path.exists():
        raise InputError(
            f"There is nothing at {text.strip() or 'this path'}; give the path of a ZIP, of a "
            "folder, or of a FairFace-style CSV on the machine that the studio runs on"
        )
    path = path.resolve()
    dataset = home.new_dataset(path.name)
    home.keep_source(dataset, path, title=path.name)
    dataset.start_check()
    return dataset


def in_plain_words(dataset: StoredDataset) -> str:
    """Why the check failed, in one sentence about what the person calls the dataset."""
    return dataset.check.fault().replace(str(dataset.source), dataset.title)
