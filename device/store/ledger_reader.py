# SPDX-License-Identifier: Apache-2.0
"""Reading the store's counts, beside a daemon that writes or from a disk that cannot be written."""

import contextlib
import logging
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from device.errors import StoreError
from device.store.buckets import UTC
from device.store.ledger import BUSY_SECONDS, check_version

log = logging.getLogger(__name__)

# What SQLite takes for no limit.
_ALL = -1


@dataclass(frozen=True, slots=True)
class Count:
    """Visits that ended in one quarter hour, by perceived gender.

    `start` is in seconds since the Unix epoch, UTC; None where the time of day is not known,
    because the clock was never synchronised in that boot.
    """

    start: int | None
    female: int
    male: int
    unsure: int


def read_counts(path: Path, *, newest: int = _ALL) -> tuple[Count, ...]:
    """All counts of the store `path`, oldest first, those of unknown time as one at the end.

    With `newest` only so many quarter hours, the latest ones.

    Raises:
        StoreError: there is no such file, or it cannot be read, or it is no store of visits.
    """
    if not path.is_file():
        raise StoreError(
            f"there is no store of visits at {path}, expected the file that `passerby run` writes:"
            " start the daemon once, or name the file with --store"
        )
    try:
        with contextlib.ExitStack() as stack:
            connection = _open(path, stack)
            if check_version(connection, path) == 0:
                return ()
            return _counts(connection, newest)
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"{path} cannot be read ({error}), expected a store of visits: check its rights and"
            " its disk; a damaged store is set aside when the daemon starts"
        ) from error


def _counts(connection: sqlite3.Connection, newest: int) -> tuple[Count, ...]:
    rows = connection.execute(
        "SELECT quarter, female, male, unsure FROM counts WHERE origin = ?"
        " ORDER BY quarter DESC LIMIT ?",
        (UTC, newest),
    ).fetchall()
    known = [Count(*row) for row in reversed(rows)]
    unknown = connection.execute(
        "SELECT female, male, unsure FROM counts WHERE origin != ?", (UTC,)
    ).fetchall()
    if unknown:
        known.append(Count(None, *map(sum, zip(*unknown, strict=True))))
    return tuple(known)


def _open(path: Path, stack: contextlib.ExitStack) -> sqlite3.Connection:
    """A connection that can only read, closed by `stack`.

    A WAL wants its shared memory written even for reading. Where that is not possible the file is
    read as it stands; if a power cut left a WAL beside it, a copy of both is read instead.
    """
    try:
        return _connect(path, "mode=ro", stack)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        log.info("store %s: its directory cannot be written (%s)", path, error)
    wal = Path(f"{path}-wal")
    if not wal.is_file() or not wal.stat().st_size:
        return _connect(path, "immutable=1", stack)
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="passerby-"))) / "visits.db"
    shutil.copyfile(path, copy)
    shutil.copyfile(wal, f"{copy}-wal")
    return _connect(copy, "mode=ro", stack)


def _connect(path: Path, mode: str, stack: contextlib.ExitStack) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{mode}"
    connection = stack.enter_context(
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS))
    )
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection
