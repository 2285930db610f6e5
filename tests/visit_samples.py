# SPDX-License-Identifier: Apache-2.0
"""Visits and observations for the tests of the store and the report, and a look into the file."""

import sqlite3
from pathlib import Path
from typing import Any

from device.clock import ManualClock
from device.records import FEMALE, Observation, PerceivedGender, Stamp, Visit

#: 2026-11-02 10:00 UTC, the start of a quarter hour.
WALL = 1_793_613_600.0


def make_clock(
    *, synchronised: bool = True, boot_id: str = "boot", wall: float = WALL
) -> ManualClock:
    return ManualClock(monotonic=100.0, wall=wall, boot_id=boot_id, synchronised=synchronised)


def make_visit(
    identity: str, ended: Stamp, gender: PerceivedGender = FEMALE, *, seconds: float = 2.0
) -> Visit:
    """A visit of `seconds` that ended at `ended`."""
    started = Stamp(
        ended.boot_id, ended.monotonic - seconds, ended.wall - seconds, ended.clock_synchronised
    )
    return Visit(identity, started, ended, gender, 0.9, 7, 3.0, 1.0)


def observe(clock: ManualClock, *visits: Visit) -> Observation:
    """What one frame brought."""
    return Observation(1, clock.stamp(), 640, 480, (), visits)


def pass_by(clock: ManualClock, identity: str, gender: PerceivedGender = FEMALE) -> Observation:
    """One visit that ends at the present moment."""
    return observe(clock, make_visit(identity, clock.stamp(), gender))


def rows(path: Path, query: str) -> list[Any]:
    """The answer of the database as it stands, WAL included."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def identities(path: Path) -> set[str]:
    return {row[0] for row in rows(path, "SELECT identity FROM visits")}


def counted(path: Path) -> int:
    """All visits in the counts."""
    return int(rows(path, "SELECT total(female + male + unsure) FROM counts")[0][0])
