# SPDX-License-Identifier: Apache-2.0
"""What goes into the SQLite file: visits, their counts, and wall times that become known later."""

import sqlite3
from collections.abc import Iterable, Mapping

from device.records import PerceivedGender, Stamp, Visit
from device.store.buckets import QUARTER_SECONDS, UTC, Bucket, bucket, offset, quarter, timing
from device.store.ledger import transaction

GENDERS: tuple[PerceivedGender, ...] = ("female", "male", "unsure")
Tally = dict[Bucket, list[int]]

_INSERT_VISIT = (
    "INSERT INTO visits (identity, boot_id, started_monotonic, started_wall, ended_monotonic,"
    " ended_wall, time_source, perceived_gender, confidence, sightings, female_weight, male_weight)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO NOTHING"
)
_ADD_COUNTS = (
    "INSERT INTO counts (origin, quarter, female, male, unsure) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (origin, quarter) DO UPDATE SET female = female + excluded.female,"
    " male = male + excluded.male, unsure = unsure + excluded.unsure"
)


def write(
    connection: sqlite3.Connection, visits: Iterable[Visit], *, anchors: Mapping[str, Stamp]
) -> int:
    """Insert `visits` and their counts in one transaction; how many were new.

    An identity that is already there counts for nothing. `anchors` holds a stamp of a synchronised
    clock by boot id; earlier visits of these boots get their wall times now.
    """
    tally: Tally = {}
    new = 0
    with transaction(connection):
        for visit in visits:
            if connection.execute(_INSERT_VISIT, _row(visit, anchors)).rowcount == 1:
                count(tally, visit, anchors)
                new += 1
        _add(connection, tally)
        for anchor in anchors.values():
            _settle(connection, anchor)
    return new


def recall(connection: sqlite3.Connection, boot_id: str, anchors: dict[str, Stamp]) -> None:
    """Add to `anchors`, where it has none of this boot, what an earlier process of it knew.

    The kernel calls a clock unsynchronised again some hours after the last answer of a time server,
    but where wall time stood is still known.
    """
    row = connection.execute(
        "SELECT ended_monotonic, ended_wall FROM visits"
        " WHERE boot_id = ? AND time_source != 'unsynchronised' ORDER BY id DESC LIMIT 1",
        (boot_id,),
    ).fetchone()
    if row is not None:
        anchors.setdefault(boot_id, Stamp(boot_id, row[0], row[1], clock_synchronised=True))


def write_folded(connection: sqlite3.Connection, run: str, tally: Tally) -> None:
    """Add counts whose visits were given up. `tally` is all of `run`, not the news since last time.

    A commit that failed may yet be found on disk after a power cut; since only the difference to
    what the database has of this run is added, writing again never counts twice.
    """
    with transaction(connection):
        connection.execute("DELETE FROM folded WHERE run != ?", (run,))
        for (origin, start), (female, male, unsure) in tally.items():
            key = (run, origin, start)
            known = connection.execute(
                "SELECT female, male, unsure FROM folded"
                " WHERE run = ? AND origin = ? AND quarter = ?",
                key,
            ).fetchone() or (0, 0, 0)
            new = [female - known[0], male - known[1], unsure - known[2]]
            _add(connection, {(origin, start): new})
            connection.execute(
                "INSERT OR REPLACE INTO folded VALUES (?, ?, ?, ?, ?, ?)",
                (*key, female, male, unsure),
            )


def count(tally: Tally, visit: Visit, anchors: Mapping[str, Stamp]) -> None:
    """Count one visit in `tally`, in place."""
    counts = tally.setdefault(bucket(visit, anchors), [0, 0, 0])
    counts[GENDERS.index(visit.perceived_gender)] += 1


def _row(visit: Visit, anchors: Mapping[str, Stamp]) -> tuple[str | float | int, ...]:
    when = timing(visit, anchors)
    return (
        visit.identity,
        visit.ended.boot_id,
        visit.started.monotonic,
        when.started_wall,
        visit.ended.monotonic,
        when.ended_wall,
        when.source,
        visit.perceived_gender,
        visit.confidence,
        visit.sightings,
        visit.female_weight,
        visit.male_weight,
    )


def _add(connection: sqlite3.Connection, tally: Tally) -> None:
    rows = [(*key, *counts) for key, counts in tally.items() if any(counts)]
    connection.executemany(_ADD_COUNTS, rows)


def _settle(connection: sqlite3.Connection, anchor: Stamp) -> None:
    """Move what the boot of `anchor` counted by monotonic time to where it belongs in wall time.

    Visits that still have their row move exactly; counts whose rows are gone move as a whole
    quarter hour, by its middle.
    """
    here = (anchor.boot_id,)
    quarters = connection.execute(
        "SELECT quarter, female, male, unsure FROM counts WHERE origin = ?", here
    ).fetchall()
    if not quarters:
        return
    remaining = {start: list(counts) for start, *counts in quarters}
    tally: Tally = {}
    rows = connection.execute(
        "SELECT ended_monotonic, perceived_gender FROM visits"
        " WHERE boot_id = ? AND time_source = 'unsynchronised'",
        here,
    )
    for monotonic, gender in rows:
        index = GENDERS.index(gender)
        remaining.setdefault(quarter(monotonic), [0, 0, 0])[index] -= 1
        tally.setdefault((UTC, quarter(monotonic + offset(anchor))), [0, 0, 0])[index] += 1
    for start, counts in remaining.items():
        middle = start + QUARTER_SECONDS / 2 + offset(anchor)
        moved = tally.setdefault((UTC, quarter(middle)), [0, 0, 0])
        moved[:] = [was + more for was, more in zip(moved, counts, strict=True)]
    connection.execute("DELETE FROM counts WHERE origin = ?", here)
    _add(connection, tally)
    connection.execute(
        "UPDATE visits SET started_wall = started_monotonic + :offset,"
        " ended_wall = ended_monotonic + :offset, time_source = 'reckoned'"
        " WHERE boot_id = :boot AND time_source = 'unsynchronised'",
        {"offset": offset(anchor), "boot": anchor.boot_id},
    )
