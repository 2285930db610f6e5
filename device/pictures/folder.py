# SPDX-License-Identifier: Apache-2.0
"""Pictures in a folder, or one picture by itself."""

import os
import stat
from pathlib import Path

from device.errors import InputError
from device.pictures.base import Limits, Listing, PictureSource, Sorter, fault_in_name, printable


class FolderSource(PictureSource):
    """A folder with everything below it; names are paths relative to it, with slashes.

    Links are followed only to files inside the folder, and never to folders.
    """

    def __init__(self, path: Path, *, limits: Limits) -> None:
        """List `path`.

        Raises:
            InputError: it cannot be listed, holds no picture or too many files.
        """
        self._root = path
        self._limits = limits
        self._files: dict[str, Path] = {}
        super().__init__(path, self._search())

    def close(self) -> None:
        """Nothing is held between two reads."""

    def _read(self, name: str) -> bytes:
        return read_bounded(self._files[name], limits=self._limits)

    def _search(self) -> Listing:
        sorter = Sorter(self._root, limits=self._limits)
        inside = self._root.resolve()
        pending = [self._root]
        while pending:
            folder = pending.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                if folder == self._root:
                    raise InputError(
                        f"{folder} cannot be listed ({error.strerror}): check its permissions"
                    ) from error
                sorter.refuse(self._relative(folder), f"cannot be listed ({error.strerror})")
                continue
            for entry in entries:
                self._sort(entry, sorter, inside, pending)
        return sorter.listing()

    def _sort(
        self, entry: os.DirEntry[str], sorter: Sorter, inside: Path, pending: list[Path]
    ) -> None:
        path = Path(entry.path)
        name = self._relative(path)
        fault = fault_in_name(name)
        if fault is not None:
            sorter.refuse(name, fault)
        elif entry.is_dir(follow_symlinks=False):
            pending.append(path)
        elif entry.is_symlink():
            target = _target(path)
            if target is None or not target.is_relative_to(inside):
                sorter.refuse(name, "a link that leaves the folder or leads to no file")
            elif sorter.accept(name):
                self._files[name] = target
        elif not entry.is_file(follow_symlinks=False):
            sorter.refuse(name, "neither a file nor a folder")
        elif sorter.accept(name):
            self._files[name] = path

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


class SingleSource(PictureSource):
    """One file that a person named; whether it is a picture shows when it is decoded."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        """Hold `path`; its only name is the file's own."""
        self._limits = limits
        super().__init__(path, Listing((path.name,), (), ()))

    def close(self) -> None:
        """Nothing is held between two reads."""

    def _read(self, name: str) -> bytes:
        # A link that a person names themselves is theirs to follow.
        return read_bounded(_target(self.path) or self.path, limits=self._limits)


def _target(link: Path) -> Path | None:
    """The file that a link leads to, or None where it leads to none that may be seen."""
    try:
        target = link.resolve()
        return target if target.is_file() else None
    except (OSError, RuntimeError):  # a loop is the one or the other, depending on the Python
        return None


def read_bounded(path: Path, *, limits: Limits) -> bytes:
    """The whole of a regular file, if it is within the limit; never waits on a pipe.

    Raises:
        InputError: it is gone, unreadable, something else than a file, or too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"{printable(str(path))} is no longer a file: leave it out")
            data = file.read(limits.max_entry_bytes + 1)
    except OSError as error:
        raise InputError(
            f"{printable(str(path))} cannot be read ({error.strerror}): it was there when listed, "
            "so check the folder and its permissions"
        ) from error
    if len(data) > limits.max_entry_bytes:
        raise InputError(
            f"{printable(str(path))} is larger than {limits.max_entry_bytes} bytes, the limit for "
            "one picture: leave it out"
        )
    return data
