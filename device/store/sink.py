# SPDX-License-Identifier: Apache-2.0
"""The store of visits: a sink that writes in batches and goes on counting when the disk fails.

An ended visit waits in memory for at most `batch_seconds` and is then written with the others in
one transaction. On a full, read-only or failing disk the store says so once, keeps what it holds,
tries again at growing intervals and writes all of it when it can. Held visits are bounded too:
beyond that the oldest give up their row and are held as counts alone.
"""

import logging
import sqlite3
import uuid
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from device.errors import StoreError
from device.protocols import Clock
from device.records import Observation, Stamp, Visit
from device.store import entries, ledger, retention

log = logging.getLogger(__name__)

#: The longest wait between two attempts to write to a disk that failed.
LONGEST_RETRY_SECONDS = 300.0
#: The shortest, for a store that writes at once.
SHORTEST_RETRY_SECONDS = 1.0
#: How long one frame may be held up by writing what a long failure of the disk left behind.
FRAME_SECONDS = 0.25
_NEVER = float("inf")


class Store:
    """Visits and counts in the SQLite file `path`, at most `max_bytes` on disk with its WAL.

    `max_held` visits wait in memory at most, about 1 KiB each. One process writes; any number may
    read meanwhile. Not for several threads.

    Raises:
        StoreError: `max_bytes` is too small to work with.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        batch_seconds: float,
        clock: Clock,
        max_held: int = 4096,
    ) -> None:
        if max_bytes < retention.LEAST_BYTES:
            raise StoreError(
                f"the store may use {max_bytes} bytes, expected at least"
                f" {retention.LEAST_BYTES}: raise store.max_bytes"
            )
        self._path = path
        self._budget = retention.Budget.of(max_bytes)
        self._batch_seconds = batch_seconds
        self._clock = clock
        self._max_held = max_held
        self._connection: sqlite3.Connection | None = None
        self._held: dict[str, Visit] = {}
        self._folded: entries.Tally = {}
        self._folded_run = str(uuid.uuid4())
        self._anchors: dict[str, Stamp] = {}
        self._due = _NEVER
        self._retry_seconds = 0.0
        self._error: str | None = None
        self._check: ledger.Check = "quick_check"
        self._written = self._dropped = self._expired = 0

    def __enter__(self) -> Self:
        """Open the database; a disk that does not allow it now is tried again later.

        Raises:
            StoreError: the file is another program's, or of a later Passerby.
        """
        try:
            self._open()
        except StoreError:
            raise
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is held, with the wall times that are known by now, and close.

        Raises:
            StoreError: visits are lost, and no other error is on its way out.
        """
        self._note(self._clock.stamp())
        written = self.flush() or not self._held_count()
        self._close()
        if written:
            return
        lost = (
            f"{self._path}: {self._held_count()} visits could not be written and are lost "
            f"({self._error}), expected a disk with room that can be written: see `passerby check`"
        )
        if kind is None:
            raise StoreError(lost)
        log.error("store %s", lost)

    def publish(self, observation: Observation) -> None:
        """Take the visits that ended, and write when the batch interval has passed. Never raises.

        For every frame: where nothing is due it costs a few comparisons.
        """
        self._note(observation.taken_at)
        if observation.ended:
            self._hold(observation.ended)
        self._write_what_is_due()

    def tick(self) -> None:
        """Notice that the clock has become right, and write what is due. Never raises."""
        self._note(self._clock.stamp())
        self._write_what_is_due()

    def flush(self) -> bool:
        """Write now all that is held; whether nothing is left to be written. Never raises."""
        return self._write(until=_NEVER)

    def state(self) -> dict[str, object]:
        """How it fares. `held` and `written` are visits, `bytes` is on disk.

        `dropped` and `expired` visits gave up their rows and stay in the counts: the disk failed
        for longer than `max_held` visits, or the store had reached `max_bytes`.
        """
        return {
            "ok": self._error is None,
            "path": str(self._path),
            "held": self._held_count(),
            "written": self._written,
            "dropped": self._dropped,
            "expired": self._expired,
            "bytes": retention.bytes_on_disk(self._path),
            "error": self._error,
        }

    def _write_what_is_due(self) -> None:
        now = self._clock.monotonic()
        if now >= self._due:
            self._write(until=now + FRAME_SECONDS)

    def _note(self, stamp: Stamp) -> None:
        """Remember the first synchronised stamp of a boot: it tells when earlier visits were."""
        if stamp.clock_synchronised and stamp.boot_id not in self._anchors:
            self._anchors[stamp.boot_id] = stamp
            self._plan()

    def _plan(self) -> None:
        """Write within the batch interval; while the disk fails the next attempt is planned."""
        if self._error is None:
            self._due = min(self._due, self._clock.monotonic() + self._batch_seconds)

    def _hold(self, visits: Iterable[Visit]) -> None:
        for visit in visits:
            self._note(visit.ended)
            self._held[visit.identity] = visit
            if len(self._held) > self._max_held:
                oldest = self._held.pop(next(iter(self._held)))
                entries.count(self._folded, oldest, self._anchors)
                self._dropped += 1
        self._plan()

    def _held_count(self) -> int:
        return len(self._held) + sum(map(sum, self._folded.values()))

    def _open(self) -> sqlite3.Connection:
        self._connection = ledger.open_ledger(self._path, check=self._check)
        self._check = None
        entries.recall(self._connection, self._clock.stamp().boot_id, self._anchors)
        return self._connection

    def _live(self) -> sqlite3.Connection | None:
        """The connection, unless somebody took its file away: SQLite would write into nothing."""
        if self._connection is not None and not self._path.exists():
            log.error("store %s was removed while in use: starting anew", self._path)
            self._close()
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except sqlite3.Error as error:
            log.warning("store %s: closing failed: %s", self._path, error)

    def _write(self, *, until: float) -> bool:
        """Write until all is written or the moment has come; whether the disk allowed it."""
        try:
            connection = self._live() or self._open()
            self._write_folded(connection)
            self._write_held(connection, until)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return False
        if self._error is not None:
            log.warning("store %s: writing again, nothing was lost", self._path)
        self._error = None
        self._retry_seconds = 0.0
        self._due = self._clock.monotonic() if self._held else _NEVER
        return True

    def _write_folded(self, connection: sqlite3.Connection) -> None:
        if self._folded:
            entries.write_folded(connection, self._folded_run, self._folded)
            self._written += sum(map(sum, self._folded.values()))
            self._folded = {}
            self._folded_run = str(uuid.uuid4())

    def _write_held(self, connection: sqlite3.Connection, until: float) -> None:
        """Write in chunks, each one transaction; a chunk is let go only when it is on disk."""
        settled = False
        while not settled or (self._held and self._clock.monotonic() < until):
            self._expired += retention.make_room(connection, self._budget)
            chunk = list(islice(self._held.values(), retention.CHUNK))
            self._written += entries.write(connection, chunk, anchors=self._anchors)
            settled = True
            for visit in chunk:
                del self._held[visit.identity]
            retention.checkpoint(connection, self._budget)

    def _fail(self, error: sqlite3.Error | OSError) -> None:
        """Say once what is wrong and plan the next attempt, on a fresh connection."""
        if self._error is None:
            log.error(
                "store %s cannot be written (%s): visits are held in memory meanwhile",
                self._path,
                ledger.reason(error),
            )
        self._error = ledger.reason(error)
        if ledger.is_damage(error):
            self._check = "integrity_check"
        self._close()
        shortest = max(self._batch_seconds, SHORTEST_RETRY_SECONDS)
        self._retry_seconds = min(
            max(2 * self._retry_seconds, shortest), max(LONGEST_RETRY_SECONDS, shortest)
        )
        self._due = self._clock.monotonic() + self._retry_seconds
