# SPDX-License-Identifier: Apache-2.0
"""The store: batches, failing disks, clocks."""

import contextlib
import logging
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from visit_samples import WALL, counted, identities, make_clock, make_visit, observe, pass_by, rows

from device.clock import ManualClock
from device.errors import StoreError
from device.store.sink import LONGEST_RETRY_SECONDS, Store

MIB = 1024 * 1024


def make_store(path: Path, clock: ManualClock, *, max_held: int = 4096, batch: float = 10) -> Store:
    return Store(path, max_bytes=4 * MIB, batch_seconds=batch, clock=clock, max_held=max_held)


@contextlib.contextmanager
def full_disk(most_bytes: int = 0) -> Iterator[None]:
    """No file may grow beyond `most_bytes`: every write of SQLite fails as on a failing disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_visits_wait_for_the_batch_interval_and_are_written_without_another_visit(
    tmp_path: Path,
) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "a"))
        clock.advance(9)
        store.publish(observe(clock))
        assert identities(path) == set()
        clock.advance(1)
        store.publish(observe(clock))
        assert identities(path) == {"a"}
        assert store.state()["held"] == 0
        assert store.state()["ok"] is True


def test_leaving_writes_what_is_held(tmp_path: Path) -> None:
    clock, path = make_clock(), tmp_path / "state" / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "a", "unsure"))
        assert store.state()["held"] == 1
    assert identities(path) == {"a"}
    assert not Path(f"{path}-wal").exists()


def test_leaving_with_visits_that_no_disk_took_is_an_error(tmp_path: Path) -> None:
    clock, state = make_clock(), tmp_path / "state"
    state.symlink_to("/proc/self")
    with (
        pytest.raises(StoreError, match="1 visits could not be written and are lost"),
        make_store(state / "visits.db", clock) as store,
    ):
        store.publish(pass_by(clock, "a"))


def test_the_loss_of_visits_does_not_hide_another_error(tmp_path: Path) -> None:
    clock, state = make_clock(), tmp_path / "state"
    state.symlink_to("/proc/self")
    with (
        pytest.raises(ZeroDivisionError),
        make_store(state / "visits.db", clock) as store,
    ):
        store.publish(pass_by(clock, "a"))
        raise ZeroDivisionError


def test_a_visit_published_twice_counts_once(tmp_path: Path) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "a"))
        store.publish(pass_by(clock, "a"))
        store.flush()
        store.publish(pass_by(clock, "a"))
        store.flush()
        assert store.state()["written"] == 1
    assert counted(path) == 1


def test_a_row_holds_what_the_visit_said(tmp_path: Path) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "a", "male"))
    assert rows(path, "SELECT * FROM visits") == [
        (1, "a", "boot", 98.0, WALL - 2, 100.0, WALL, "synchronised", "male", 0.9, 7, 3.0, 1.0)
    ]
    assert rows(path, "SELECT * FROM counts") == [("utc", int(WALL), 0, 1, 0)]


def test_a_failing_disk_is_told_once_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "before"))
        store.flush()
        with full_disk():
            for number in range(200):
                clock.advance(5)
                store.publish(pass_by(clock, f"during{number}"))
        state = store.state()
        assert (state["ok"], state["held"], state["written"]) == (False, 200, 1)
        assert state["error"]
        told = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(told) == 1
        clock.advance(LONGEST_RETRY_SECONDS)
        store.publish(observe(clock))
        assert store.state()["ok"] is True
        assert len(identities(path)) == counted(path) == 201


def test_attempts_on_a_failing_disk_grow_apart(tmp_path: Path) -> None:
    clock, path = make_clock(), tmp_path / "missing" / "visits.db"
    path.parent.touch()  # a file where the directory should be
    attempts = []
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "a"))
        for _ in range(2000):
            before = store._due
            store.publish(observe(clock))
            if store._due != before:
                attempts.append(clock.monotonic() - 100)
            clock.advance(1)
        path.parent.unlink()  # let it leave in peace
    assert attempts == [10, 30, 70, 150, 310, 610, 910, 1210, 1510, 1810]


def test_the_daemon_starts_without_a_disk_and_writes_when_there_is_one(tmp_path: Path) -> None:
    clock, state = make_clock(), tmp_path / "state"
    state.symlink_to("/proc/self")  # nobody, not even root, can make a file there
    path = state / "visits.db"
    with make_store(path, clock) as store:
        assert store.state()["ok"] is False
        store.publish(pass_by(clock, "a"))
        state.unlink()
        state.mkdir()
        clock.advance(LONGEST_RETRY_SECONDS)
        store.publish(pass_by(clock, "b"))
        assert store.state()["ok"] is True
    assert identities(path) == {"a", "b"}


def test_beyond_the_bound_of_memory_the_oldest_stay_as_counts(tmp_path: Path) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock, max_held=10) as store:
        with full_disk():
            for number in range(35):
                clock.advance(60)
                store.publish(pass_by(clock, f"v{number}", "unsure" if number < 5 else "male"))
            assert not store.flush()
        assert store.state()["held"] == 35
        assert store.state()["dropped"] == 25
        assert store.flush()
    assert identities(path) == {f"v{number}" for number in range(25, 35)}
    assert rows(path, "SELECT sum(unsure), sum(male) FROM counts") == [(5, 30)]
    assert len(rows(path, "SELECT * FROM counts")) == 3


class SlowDisk(ManualClock):
    """A clock by which 0.1 s pass whenever somebody looks."""

    def monotonic(self) -> float:
        self.advance(0.1)
        return super().monotonic()


def test_one_frame_is_not_held_up_by_all_that_waited(tmp_path: Path) -> None:
    clock, path = SlowDisk(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        stamp = clock.stamp()
        store.publish(observe(clock, *(make_visit(str(n), stamp) for n in range(1000))))
        clock.advance(10)
        store.publish(observe(clock))
        assert 0 < len(identities(path)) < 1000
        for _ in range(10):
            store.publish(observe(clock))
        assert store.state()["held"] == 0
        assert len(identities(path)) == 1000


def test_visits_before_the_clock_was_set_move_to_their_time(tmp_path: Path) -> None:
    clock = make_clock(synchronised=False, wall=86_400.0)
    path = tmp_path / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "early"))
        store.flush()
        assert rows(path, "SELECT origin, quarter, female FROM counts") == [("boot", 0, 1)]
    with make_store(path, clock) as store:  # the daemon is started again in the same boot
        clock.advance(1000)
        store.publish(pass_by(clock, "held"))
        clock.step_wall(WALL - clock.stamp().wall)
        clock.synchronised = True
        store.publish(observe(clock))
        clock.advance(10)
        store.publish(observe(clock))
    assert rows(path, "SELECT identity, ended_wall, time_source FROM visits ORDER BY id") == [
        ("early", WALL - 1000, "reckoned"),
        ("held", WALL, "reckoned"),
    ]
    assert rows(path, "SELECT origin, quarter, female FROM counts") == [
        ("utc", int(WALL) - 1800, 1),
        ("utc", int(WALL), 1),
    ]


def test_another_boot_keeps_its_unknown_time(tmp_path: Path) -> None:
    path = tmp_path / "visits.db"
    clock = make_clock(synchronised=False, boot_id="first")
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "lost"))
    clock = make_clock(boot_id="second")
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "known"))
    assert rows(path, "SELECT origin FROM counts") == [("first",), ("utc",)]


@pytest.mark.parametrize("jump", [-86_400 * 365, -3600, 3600, 86_400 * 365])
def test_wall_time_may_jump_and_every_visit_stays_counted(tmp_path: Path, jump: float) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        store.publish(pass_by(clock, "a"))
        clock.step_wall(jump)
        clock.advance(10)
        store.publish(pass_by(clock, "b"))
        assert store.state()["held"] == 0
    assert counted(path) == 2
    assert rows(path, "SELECT ended_wall FROM visits") == [(WALL,), (WALL + jump + 10,)]


def test_a_store_of_the_future_or_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "visits.db"
    with make_store(path, make_clock()):
        pass
    rows(path, "PRAGMA user_version = 2")
    with pytest.raises(StoreError, match=r"schema version 2.*newer Passerby"):
        make_store(path, make_clock()).__enter__()
    foreign = tmp_path / "contacts.db"
    rows(foreign, "CREATE TABLE contacts (name TEXT)")
    with pytest.raises(StoreError, match="another program"):
        make_store(foreign, make_clock()).__enter__()
    assert rows(foreign, "SELECT * FROM contacts") == []


def test_a_limit_too_small_to_work_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"4096 bytes, expected at least 262144"):
        Store(tmp_path / "visits.db", max_bytes=4096, batch_seconds=1, clock=make_clock())


def test_a_store_removed_while_in_use_is_made_anew(tmp_path: Path) -> None:
    clock, path = make_clock(), tmp_path / "visits.db"
    with make_store(path, clock) as store:
        path.unlink()
        store.publish(pass_by(clock, "a"))
        assert store.flush()
        assert identities(path) == {"a"}
