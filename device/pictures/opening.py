# SPDX-License-Identifier: Apache-2.0
"""Finds out what a path is and opens it: one picture, a folder or a ZIP."""

import stat
from pathlib import Path

from device.errors import InputError
from device.pictures.archive import ArchiveSource
from device.pictures.base import DEFAULT_LIMITS, Limits, PictureSource
from device.pictures.folder import FolderSource, SingleSource

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")


def open_source(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> PictureSource:
    """The pictures at `path`, which may be one picture, a folder (searched to the end) or a ZIP.

    Raises:
        InputError: there is nothing, nothing readable or no picture, or the ZIP is hostile.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return FolderSource(path, limits=limits)
        if not stat.S_ISREG(mode):
            raise InputError(f"{path} is neither a file nor a folder: give a picture or a ZIP")
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: give a picture, a folder or a ZIP") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read ({error}): check its permissions") from error
    if start in _ZIP_STARTS or path.suffix.lower() == ".zip":
        return ArchiveSource(path, limits=limits)
    return SingleSource(path, limits=limits)
