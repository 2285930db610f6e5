# SPDX-License-Identifier: Apache-2.0
"""Writing visits and counts: exactly once, whatever is repeated."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from visit_samples import WALL, make_clock, make_visit

from device.records import Stamp
from device.store import entries
from device.store.buckets import UTC
from device.store.ledger import open_ledger

COUNTS = "SELECT origin, quarter, female, male, unsure FROM counts ORDER BY origin, quarter"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_ledger(tmp_path / "visits.db")
    yield connection
    connection.close()


def test_visits_written_again_are_not_new(ledger: sqlite3.Connection) -> None:
    visits = [make_visit(name, make_clock().stamp(), "male") for name in "abc"]
    assert entries.write(ledger, visits[:2], anchors={}) == 2
    assert entries.write(ledger, visits, anchors={}) == 1
    assert ledger.execute(COUNTS).fetchall() == [("utc", WALL, 0, 3, 0)]


def test_folded_counts_written_again_add_only_what_is_new(ledger: sqlite3.Connection) -> None:
    bucket = (UTC, int(WALL))
    entries.write_folded(ledger, "run", {bucket: [1, 2, 3]})
    entries.write_folded(ledger, "run", {bucket: [1, 2, 3]})  # the first commit only seemed lost
    entries.write_folded(ledger, "run", {bucket: [1, 5, 3], ("boot", 900): [0, 0, 1]})
    entries.write_folded(ledger, "next", {bucket: [1, 0, 0]})
    assert ledger.execute(COUNTS).fetchall() == [("boot", 900, 0, 0, 1), ("utc", WALL, 2, 5, 3)]
    assert ledger.execute("SELECT count(*) FROM folded").fetchone() == (1,)


def test_a_failed_transaction_leaves_nothing_behind(ledger: sqlite3.Connection) -> None:
    visits = [make_visit(str(number), make_clock().stamp()) for number in range(200)]
    pages = ledger.execute("PRAGMA page_count").fetchone()[0]
    ledger.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        entries.write(ledger, visits, anchors={})
    assert ledger.execute(COUNTS).fetchall() == []
    ledger.execute("PRAGMA max_page_count = 1000")
    assert entries.write(ledger, visits, anchors={}) == 200


def test_visits_move_exactly_and_counts_without_rows_by_their_middle(
    ledger: sqlite3.Connection,
) -> None:
    early, late = (Stamp("boot", seconds, 0.0, False) for seconds in (901.0, 1799.0))
    entries.write(ledger, [make_visit("a", early), make_visit("b", late, "male")], anchors={})
    entries.write_folded(ledger, "run", {("boot", 900): [0, 0, 5]})
    assert ledger.execute(COUNTS).fetchall() == [("boot", 900, 1, 1, 5)]
    # Monotonic 1350 was the start of a quarter hour, so the middle of the bucket is in it.
    anchor = Stamp("boot", 5000.0, WALL + 5000 - 1350, True)
    entries.write(ledger, [], anchors={"boot": anchor})
    assert ledger.execute(COUNTS).fetchall() == [
        ("utc", WALL - 900, 1, 0, 0),
        ("utc", WALL, 0, 1, 5),
    ]
    entries.write(ledger, [], anchors={"boot": anchor})
    assert ledger.execute("SELECT identity, ended_wall FROM visits").fetchall() == [
        ("a", WALL + 901 - 1350),
        ("b", WALL + 1799 - 1350),
    ]
