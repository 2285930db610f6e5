# SPDX-License-Identifier: Apache-2.0
"""Reading counts while somebody writes, and from files that are no store."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from visit_samples import WALL, make_clock, pass_by, rows

from device.errors import StoreError
from device.store import Store
from device.store.ledger_reader import Count, read_counts

ROOT = Path(__file__).resolve().parent.parent
READER = """
import sys
from pathlib import Path
from device.store.ledger_reader import read_counts
for line in sys.stdin:
    print(sum(count.female for count in read_counts(Path(sys.argv[1]))), flush=True)
"""


def test_another_process_reads_what_the_daemon_has_written_so_far(tmp_path: Path) -> None:
    path, clock = tmp_path / "visits.db", make_clock()
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with reader, Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as store:
        assert reader.stdin is not None
        assert reader.stdout is not None
        for number in range(1, 30):
            store.publish(pass_by(clock, str(number)))
            store.flush()
            store.publish(pass_by(clock, f"held{number}"))
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert int(reader.stdout.readline()) == 2 * number - 1
            assert store.state()["ok"] is True
        reader.stdin.close()


def test_a_reader_in_the_middle_holds_up_no_writer(tmp_path: Path) -> None:
    path, clock = tmp_path / "visits.db", make_clock()
    with Store(path, max_bytes=256 * 1024, batch_seconds=0, clock=clock) as store:
        store.publish(pass_by(clock, "first"))
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM counts").fetchall()
        for number in range(5):
            store.publish(pass_by(clock, str(number)))
            assert store.state()["ok"] is True
        reader.close()
        assert read_counts(path) == (Count(int(WALL), 6, 0, 0),)


def test_counts_of_unknown_time_come_last_as_one(tmp_path: Path) -> None:
    path = tmp_path / "visits.db"
    for boot_id in ("first", "second"):
        clock = make_clock(boot_id=boot_id, synchronised=False)
        with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as store:
            store.publish(pass_by(clock, boot_id, "unsure"))
    clock = make_clock(boot_id="third")
    with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as store:
        store.publish(pass_by(clock, "third", "male"))
    assert read_counts(path) == (Count(int(WALL), 0, 1, 0), Count(None, 0, 0, 2))


def test_a_store_without_a_visit_has_no_counts(tmp_path: Path) -> None:
    path = tmp_path / "a folder #1?" / "visits.db"
    with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=make_clock()):
        pass
    assert read_counts(path) == ()
    empty = tmp_path / "empty.db"
    empty.touch()
    assert read_counts(empty) == ()


def test_what_is_no_store_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store of visits at .*missing.db"):
        read_counts(tmp_path / "missing.db")
    with pytest.raises(StoreError, match="there is no store"):
        read_counts(tmp_path)
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"nothing like it" * 1000)
    with pytest.raises(StoreError, match=r"garbage.db cannot be read .*not a database"):
        read_counts(garbage)
    foreign = tmp_path / "foreign.db"
    rows(foreign, "CREATE TABLE contacts (name TEXT)")
    with pytest.raises(StoreError, match="another program"):
        read_counts(foreign)
