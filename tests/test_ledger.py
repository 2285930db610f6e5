# SPDX-License-Identifier: Apache-2.0
"""The SQLite file: what it is made like, and what happens to a damaged one."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from visit_samples import identities, make_clock, observe, pass_by, rows

from device.store import Store
from device.store.ledger import APPLICATION_ID, SCHEMA_VERSION, open_ledger


def filled(path: Path, visits: int = 300) -> None:
    clock = make_clock()
    with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as store:
        for number in range(visits):
            store.publish(pass_by(clock, f"before{number}"))


def overwrite_start(path: Path) -> None:
    path.write_bytes(b"this is no database, whatever its name says" * 100)


def overwrite_middle(path: Path) -> None:
    """Garbage over every page but the first: the header still looks right."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def test_a_new_file_survives_power_cuts_and_can_shrink(tmp_path: Path) -> None:
    connection = open_ledger(tmp_path / "visits.db")
    answers = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "auto_vacuum", "user_version", "application_id")
    }
    connection.close()
    assert answers == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "auto_vacuum": 2,  # INCREMENTAL
        "user_version": SCHEMA_VERSION,
        "application_id": APPLICATION_ID,
    }


@pytest.mark.parametrize("damage", [overwrite_start, overwrite_middle, cut_short])
def test_a_damaged_file_is_set_aside_whole_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    path, clock = tmp_path / "visits.db", make_clock()
    filled(path)
    damage(path)
    broken = path.read_bytes()
    with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as store:
        assert store.state()["ok"] is True
        store.publish(pass_by(clock, "after"))
    assert identities(path) == {"after"}
    (aside,) = tmp_path.glob("visits.db.damaged-*")
    assert aside.read_bytes() == broken
    (told,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert str(aside) in told.getMessage()


def test_a_second_damaged_file_never_replaces_the_first(tmp_path: Path) -> None:
    path = tmp_path / "visits.db"
    for number in range(3):
        path.write_bytes(b"%d" % number * 5000)
        open_ledger(path).close()
    kept = sorted(aside.read_bytes()[:1] for aside in tmp_path.glob("visits.db.damaged-*"))
    assert kept == [b"0", b"1", b"2"]


def test_damage_that_appears_while_running_is_found_and_nothing_held_is_lost(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "visits.db", make_clock()
    filled(path)
    with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as store:
        overwrite_middle(path)
        assert store._connection is not None
        store._connection.execute("PRAGMA shrink_memory")  # or it would not be read again so soon
        store.publish(pass_by(clock, "after"))
        clock.advance(10)
        store.publish(observe(clock))
        assert store.state()["ok"] is False
        clock.advance(10)
        store.publish(observe(clock))
        assert store.state()["ok"] is True
    assert identities(path) == {"after"}
    assert list(tmp_path.glob("visits.db.damaged-*"))


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "visits.db"
    path.touch()
    open_ledger(path).close()
    assert rows(path, "SELECT * FROM visits") == []
    assert list(tmp_path.iterdir()) == [path]
