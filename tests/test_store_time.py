# SPDX-License-Identifier: Apache-2.0
"""Without a real-time clock: whatever is done to wall time, nothing is lost or reordered."""

import tempfile
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visit_samples import WALL, counted, make_clock, observe, pass_by, rows

from device.clock import ManualClock
from device.records import Visit
from device.store import Store
from device.store.ledger_reader import read_counts

HOUR = 3600.0
ORDERED = (
    "SELECT identity, time_source, started_wall, ended_wall, started_monotonic, ended_monotonic"
    " FROM visits ORDER BY id"
)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 4000)),
        st.tuples(st.just("visit"), st.floats(0.5, 600)),
        st.tuples(st.just("step"), st.floats(-2e8, 2e8)),
        st.tuples(st.just("synchronised"), st.booleans()),
        # Set during a visit: how long before the end, and by how much.
        st.tuples(st.just("visit with step"), st.floats(-2e8, 2e8)),
        st.tuples(st.just("service restarts"), st.none()),
    ),
    max_size=25,
)


class Boot:
    """One boot of a machine whose clock is moved about while its store counts."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.path = path
        self.clock = clock
        self.told: list[str] = []
        self.begin()

    def begin(self) -> None:
        store = Store(self.path, max_bytes=1 << 20, batch_seconds=0, clock=self.clock)
        self.store = store.__enter__()

    def end(self) -> None:
        self.store.__exit__(None, None, None)

    def frame(self) -> None:
        """Somebody looks, and sees nobody."""
        self.store.publish(observe(self.clock))

    def visit(self, seconds: float, *, step: float = 0.0) -> None:
        """A visit of `seconds`, in whose middle the clock is set."""
        started = self.clock.stamp()
        self.clock.advance(seconds / 2)
        self.clock.step_wall(step)
        self.clock.advance(seconds / 2)
        identity = f"{self.clock.boot_id} {len(self.told):03}"
        visit = Visit(identity, started, self.clock.stamp(), "unsure", 0.5, 3, 0.0, 0.0)
        self.told.append(identity)
        self.store.publish(observe(self.clock, visit))

    def happen(self, event: str, value: float | bool | None) -> None:
        if event == "wait":
            self.clock.advance(cast(float, value))
        elif event == "visit":
            self.visit(cast(float, value))
        elif event == "visit with step":
            self.visit(60.0, step=cast(float, value))
        elif event == "step":
            self.clock.step_wall(cast(float, value))
        elif event == "synchronised":
            self.clock.synchronised = bool(value)
        else:
            self.end()
            self.begin()
        self.frame()


@settings(max_examples=60, deadline=None)
@given(events=EVENTS)
def test_every_visit_stays_in_its_place_and_keeps_its_length(
    events: list[tuple[str, float | bool | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.db"
        boot = Boot(path, make_clock(synchronised=False, wall=0.0))
        for event, value in events:
            boot.happen(event, value)
        boot.end()
        kept = rows(path, ORDERED)
        assert [row[0] for row in kept] == boot.told
        assert [row[5] for row in kept] == sorted(row[5] for row in kept)
        assert counted(path) == len(boot.told)
        for _, source, started, ended, began, finished in kept:
            if source != "unsynchronised":
                assert ended - started == pytest.approx(finished - began, abs=1.01)


@settings(max_examples=40, deadline=None)
@given(events=EVENTS, step=st.floats(-2e8, 2e8))
def test_once_the_clock_is_right_every_earlier_visit_of_the_boot_has_its_time(
    events: list[tuple[str, float | bool | None]], step: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.db"
        boot = Boot(path, make_clock(synchronised=False, wall=0.0))
        for event, value in events:
            if event != "synchronised":
                boot.happen(event, value)
        boot.clock.step_wall(step)
        boot.clock.synchronised = True
        boot.frame()
        boot.end()
        now = boot.clock.stamp()
        for _, source, _, ended, _, finished in rows(path, ORDERED):
            assert source == "reckoned"
            assert ended == pytest.approx(now.wall - (now.monotonic - finished), abs=1e-3)
        assert all(count.start is not None for count in read_counts(path))


def test_a_service_that_restarts_before_the_clock_is_right_fills_in_all_the_same(
    tmp_path: Path,
) -> None:
    clock = make_clock(synchronised=False, wall=0.0)
    boot = Boot(tmp_path / "visits.db", clock)
    boot.visit(10.0)
    boot.happen("service restarts", None)
    clock.step_wall(WALL)
    clock.synchronised = True
    boot.frame()
    boot.end()
    ((_, source, started, ended, _, _),) = rows(boot.path, ORDERED)
    assert (source, ended - started) == ("reckoned", 10.0)
    assert ended == pytest.approx(WALL + 10.0)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_clock_set_during_a_visit_does_not_stretch_it(tmp_path: Path, step: float) -> None:
    boot = Boot(tmp_path / "visits.db", make_clock())
    boot.visit(10.0, step=step)
    boot.end()
    ((_, source, started, ended, _, _),) = rows(boot.path, ORDERED)
    assert (source, ended - started) == ("reckoned", 10.0)
    assert ended == WALL + 10.0 + step


def test_what_another_boot_saw_is_not_timed_by_this_one(tmp_path: Path) -> None:
    before = Boot(tmp_path / "visits.db", make_clock(synchronised=False, boot_id="before"))
    before.visit(10.0)
    before.end()
    after = Boot(before.path, make_clock(boot_id="after"))
    after.visit(10.0)
    after.end()
    assert [row[1] for row in rows(before.path, ORDERED)] == ["unsynchronised", "synchronised"]
    assert [count.start is None for count in read_counts(before.path)] == [False, True]


def test_time_that_is_known_while_no_camera_works_is_filled_in(tmp_path: Path) -> None:
    """Visits before the clock was right; then a life that only waits for the camera."""
    path, clock = tmp_path / "visits.db", make_clock(synchronised=False, wall=0.0)
    with Store(path, max_bytes=1 << 20, batch_seconds=60, clock=clock) as store:
        store.publish(pass_by(clock, "early"))
    with Store(path, max_bytes=1 << 20, batch_seconds=60, clock=clock) as store:
        store.tick()
        clock.step_wall(WALL)
        clock.synchronised = True
        store.tick()
        clock.advance(61)
        store.tick()
        assert rows(path, "SELECT time_source, ended_wall FROM visits") == [("reckoned", WALL)]


def test_time_that_is_known_at_the_end_of_a_life_is_filled_in(tmp_path: Path) -> None:
    path, clock = tmp_path / "visits.db", make_clock(synchronised=False, wall=0.0)
    with Store(path, max_bytes=1 << 20, batch_seconds=60, clock=clock) as store:
        store.publish(pass_by(clock, "early"))
        clock.step_wall(WALL)
        clock.synchronised = True
    assert rows(path, "SELECT time_source, ended_wall FROM visits") == [("reckoned", WALL)]


def test_what_a_boot_once_knew_of_the_time_outlasts_a_restart_of_the_service(
    tmp_path: Path,
) -> None:
    """The kernel calls the clock unsynchronised again after hours without a time server."""
    path, clock = tmp_path / "visits.db", make_clock()
    with Store(path, max_bytes=1 << 20, batch_seconds=0, clock=clock) as store:
        store.publish(pass_by(clock, "known"))
    clock.advance(9 * HOUR)
    clock.synchronised = False
    with Store(path, max_bytes=1 << 20, batch_seconds=0, clock=clock) as store:
        store.publish(pass_by(clock, "later"))
    assert rows(path, "SELECT identity, time_source, ended_wall FROM visits") == [
        ("known", "synchronised", WALL),
        ("later", "reckoned", WALL + 9 * HOUR),
    ]
