# SPDX-License-Identifier: Apache-2.0
"""Keeping the store below its limit: the oldest visits go, their counts stay.

The limit holds for everything on disk: the database, its WAL and the 32 KiB of shared memory. The
database gets a part of it, the rest is room for the WAL, which grows with each transaction until it
is copied into the database (a checkpoint). A reader that stays open for long delays the checkpoint;
`passerby report` reads everything at once and leaves.

Only when no visit is left to delete are the oldest quarter hours given up: their counts move to
one row of unknown time, so totals stay right. A year of quarter hours is about 1 MB.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from device.store.buckets import FORGOTTEN
from device.store.ledger import BUSY_SECONDS, transaction

#: The least that a store can work with.
LEAST_BYTES = 256 * 1024
#: Visits in one transaction, inserted or deleted; it bounds what a transaction adds to the WAL.
CHUNK = 64

_MOST_WAL_ROOM = 2 * 1024 * 1024
_HEADROOM = 32 * 1024  # one chunk's visits with their part of the indexes


@dataclass(frozen=True, slots=True)
class Budget:
    """How the limit is divided, bytes: `database` before the next chunk, `wal` at a checkpoint."""

    database: int
    wal: int

    @classmethod
    def of(cls, max_bytes: int) -> Self:
        """The division of `max_bytes`: a transaction never changes more pages than there are."""
        database = max(max_bytes // 3, max_bytes - _MOST_WAL_ROOM)
        return cls(database=database - _HEADROOM, wal=(max_bytes - database) // 4)


def make_room(connection: sqlite3.Connection, budget: Budget) -> int:
    """Delete the oldest until the next chunk fits; how many visits were deleted."""
    deleted = 0
    while _used_bytes(connection) > budget.database:
        visits = _delete_oldest_visits(connection)
        if not visits and not _forget_oldest_quarters(connection):
            break
        deleted += visits
        checkpoint(connection, budget)
    _shrink(connection, budget)
    return deleted


def checkpoint(connection: sqlite3.Connection, budget: Budget) -> None:
    """Copy the WAL into the database and empty it, if it has grown to its share."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    if _size(Path(f"{path}-wal")) > budget.wal:
        # While somebody reads it cannot be emptied: not worth a wait, the next one will do it.
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def bytes_on_disk(path: Path) -> int:
    """What the store takes: the database, its WAL and its shared memory."""
    return sum(_size(Path(f"{path}{suffix}")) for suffix in ("", "-wal", "-shm"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _delete_oldest_visits(connection: sqlite3.Connection) -> int:
    with transaction(connection):
        return connection.execute(
            "DELETE FROM visits WHERE id IN (SELECT id FROM visits ORDER BY id LIMIT ?)", (CHUNK,)
        ).rowcount


def _forget_oldest_quarters(connection: sqlite3.Connection) -> int:
    """Move the oldest quarter hours into the one of unknown time; how many rows moved."""
    with transaction(connection):
        oldest = connection.execute(
            "SELECT origin, quarter, female, male, unsure FROM counts WHERE origin != ?"
            " ORDER BY quarter LIMIT ?",
            (FORGOTTEN, CHUNK),
        ).fetchall()
        sums = [sum(row[column] for row in oldest) for column in (2, 3, 4)]
        connection.executemany(
            "DELETE FROM counts WHERE origin = ? AND quarter = ?", [row[:2] for row in oldest]
        )
        connection.execute(
            "INSERT INTO counts VALUES (?, 0, ?, ?, ?) ON CONFLICT (origin, quarter) DO UPDATE SET"
            " female = female + excluded.female, male = male + excluded.male,"
            " unsure = unsure + excluded.unsure",
            (FORGOTTEN, *sums),
        )
    return len(oldest)


def _shrink(connection: sqlite3.Connection, budget: Budget) -> None:
    """Give free pages back to the disk, a chunk at a time, where the file itself is too large."""
    limit = (budget.database + _HEADROOM) // _pragma(connection, "page_size")
    while _pragma(connection, "page_count") > limit and _pragma(connection, "freelist_count"):
        connection.execute(f"PRAGMA incremental_vacuum({CHUNK})").fetchall()
        checkpoint(connection, budget)
