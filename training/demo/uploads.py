# SPDX-License-Identifier: Apache-2.0
"""Where uploads lie for the moment until they are read, and how they are deleted.

Gradio writes what is uploaded into a folder before anybody can look at it. Here that folder is one
of our own, in memory where the system has such a place; a picture is deleted when it is read, which
is before it is decoded. What nobody reads (an upload broken off, a page closed too early) is swept
away by age, and the folder goes when the demo ends.
"""

import contextlib
import logging
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

# A picture waits only for its turn, which comes within a second or two.
_MAX_AGE_SECONDS = 20.0
_SWEEP_SECONDS = 5.0
_MEMORY = Path("/dev/shm")  # noqa: S108  the folder within is made by mkdtemp, 0700
_PREFIX = "passerby-demo-"
_ROOM_BYTES = 128 * 2**20


class Waiting:
    """A folder in which uploads wait to be read; a context manager that leaves nothing behind.

    Args:
        max_age_seconds: how long an upload that nobody reads may lie there.
        sweep_seconds: how often that is looked at.
    """

    def __init__(
        self,
        *,
        max_age_seconds: float = _MAX_AGE_SECONDS,
        sweep_seconds: float = _SWEEP_SECONDS,
    ) -> None:
        self._max_age = max_age_seconds
        self._sweep_seconds = sweep_seconds
        self._ended = threading.Event()
        place = _place() or Path(tempfile.gettempdir())
        _clear_up(place)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))

    def __enter__(self) -> Self:
        threading.Thread(target=self._sweep, name="sweep", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def take(self, path: Path) -> bytes:
        """The bytes of an upload, which is then gone; nothing where it is gone already.

        What lies elsewhere is neither read nor deleted, whoever names it.
        """
        if not path.resolve().is_relative_to(self.folder.resolve()):
            return b""
        try:
            return path.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return b""
        finally:
            with contextlib.suppress(IsADirectoryError):
                path.unlink(missing_ok=True)
            # Gradio names the folder around it by the picture's hash, which tells of it too.
            _remove_empty(path.parent)

    def _sweep(self) -> None:
        while not self._ended.wait(self._sweep_seconds):
            sweep(self.folder, before=time.time() - self._max_age)


def sweep(folder: Path, *, before: float) -> None:
    """Delete all files below `folder` last written `before` (seconds since the epoch)."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what is inside comes first
        try:
            if path.stat().st_mtime >= before:
                continue
            if path.is_dir():
                _remove_empty(path)
            else:
                path.unlink()
                log.info("deleted an upload that nobody read")
        except FileNotFoundError:  # read and deleted in the meantime
            continue


def _clear_up(place: Path) -> None:
    """Remove what demos left that were killed before they could."""
    for folder in place.glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdecimal() and not Path("/proc", process).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # another upload lies in it, or it is gone
        folder.rmdir()


def _place() -> Path | None:
    """A file system in memory if it is there with room, else the system's choice."""
    try:
        room = shutil.disk_usage(_MEMORY).free
    except OSError:
        return None
    return _MEMORY if room >= _ROOM_BYTES and os.access(_MEMORY, os.W_OK | os.X_OK) else None
