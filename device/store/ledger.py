# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of visits and counts: its schema, opening it, its transactions.

WAL with `synchronous=FULL`: each commit is on the card before it returns, so a power cut costs at
most the visits that were still held in memory. NORMAL would also stay undamaged, but might lose
batches already reported as written; one fsync per batch is cheap. The store
(`device/store/sink.py`) decides when to write and what to do when writing fails; this module lets
sqlite3's errors pass.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from device.errors import StoreError

log = logging.getLogger(__name__)

#: PRAGMA application_id: "PSBY".
APPLICATION_ID = 0x50534259
#: PRAGMA user_version: the format of the tables below.
SCHEMA_VERSION = 1
#: How long a lock held by somebody else may hold up a frame.
BUSY_SECONDS = 0.5

Check = Literal["quick_check", "integrity_check"] | None

_SCHEMA = """
CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    boot_id TEXT NOT NULL,
    started_monotonic REAL NOT NULL,
    started_wall REAL NOT NULL,
    ended_monotonic REAL NOT NULL,
    ended_wall REAL NOT NULL,
    time_source TEXT NOT NULL
        CHECK (time_source IN ('synchronised', 'reckoned', 'unsynchronised')),
    perceived_gender TEXT NOT NULL CHECK (perceived_gender IN ('female', 'male', 'unsure')),
    confidence REAL NOT NULL,
    sightings INTEGER NOT NULL,
    female_weight REAL NOT NULL,
    male_weight REAL NOT NULL
);
CREATE INDEX visits_unsynchronised ON visits (boot_id) WHERE time_source = 'unsynchronised';
CREATE TABLE counts (
    origin TEXT NOT NULL,
    quarter INTEGER NOT NULL,
    female INTEGER NOT NULL,
    male INTEGER NOT NULL,
    unsure INTEGER NOT NULL,
    PRIMARY KEY (origin, quarter)
) WITHOUT ROWID;
CREATE TABLE folded (
    run TEXT NOT NULL,
    origin TEXT NOT NULL,
    quarter INTEGER NOT NULL,
    female INTEGER NOT NULL,
    male INTEGER NOT NULL,
    unsure INTEGER NOT NULL,
    PRIMARY KEY (run, origin, quarter)
) WITHOUT ROWID;
"""


def open_ledger(path: Path, *, check: Check = "quick_check") -> sqlite3.Connection:
    """Open the database for writing; make it when it is not there, set a damaged one aside.

    `quick_check` reads the whole file; `integrity_check` also compares the indexes with their
    tables, for a file that reported damage; None trusts it, for one that was checked before.

    Raises:
        StoreError: it is another program's database, or one of a later Passerby.
        sqlite3.Error, OSError: the disk does not allow it now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open_sound(path, check)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        aside = _set_aside(path)
        log.error("store %s is damaged (%s): kept as %s, starting anew", path, error, aside)
        return _open_sound(path, None)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file's content, not the disk, is at fault."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of the database, 0 when it is empty.

    Raises:
        StoreError: it is not a store of visits that this Passerby can read.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and not ours:
        raise StoreError(
            f"{path} is another program's database, expected a store of visits or no file:"
            " name another path in store.path"
        )
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, this Passerby knows up to {SCHEMA_VERSION}:"
            " install a newer Passerby or name another path in store.path"
        )
    return version


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; whatever went wrong passes after the roll-back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # A full disk makes SQLite roll back by itself; a second roll-back would be an error.
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


def _open_sound(path: Path, check: Check) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        if check is not None:
            found = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
            if found != "ok":
                raise _damage(found)
        version = check_version(connection, path)
        # Before the first table, or it has no effect; else the file could never shrink.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -1024")
        # device/store/retention.py checkpoints between transactions, by size.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        if version == 0:
            _create(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _damage(found: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(found)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _create(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _set_aside(path: Path) -> Path:
    """Rename the database and its WAL, never over something that is there; the new name."""
    stem = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    aside = path.with_name(stem)
    attempt = 1
    while aside.exists():
        attempt += 1
        aside = path.with_name(f"{stem}-{attempt}")
    # The WAL goes first: were it left behind, SQLite would delete it beside an empty database.
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def reason(error: sqlite3.Error | OSError) -> str:
    """What a failing disk said, with the file that it said it of."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
