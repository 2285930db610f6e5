# SPDX-License-Identifier: Apache-2.0
"""Whatever happens in whatever order: the counts are the visits."""

import contextlib
import tempfile
from pathlib import Path
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st
from test_store import full_disk
from visit_samples import counted, make_clock, pass_by, rows

from device.records import PerceivedGender
from device.store import Store
from device.store.ledger_reader import read_counts

GENDERS = ("female", "male", "unsure")
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("visit"), st.sampled_from(GENDERS)),
        st.tuples(st.just("again"), st.sampled_from(GENDERS)),
        st.tuples(st.just("wait"), st.floats(0, 2000)),
        st.tuples(st.just("step"), st.floats(-1e6, 1e6)),
        st.tuples(st.just("synchronised"), st.booleans()),
        st.tuples(st.just("full at"), st.sampled_from([None, 0, 4096, 30_000, 60_000])),
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("restart"), st.sampled_from(["boot", "other boot"])),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(events=EVENTS)
def test_the_sum_of_quarter_hours_is_the_number_of_visits(
    events: list[tuple[str, object]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.db"
        seen = Passage(path)
        for event, value in events:
            seen.happen(event, value)
        seen.end()
        assert counted(path) == sum(seen.expected.values())
        by_gender = rows(path, "SELECT total(female), total(male), total(unsure) FROM counts")
        assert by_gender == [tuple(seen.expected[gender] for gender in GENDERS)]
        assert rows(path, "SELECT count(*) FROM visits")[0][0] <= sum(seen.expected.values())
        assert rows(path, "SELECT * FROM counts WHERE min(female, male, unsure) < 0") == []
        assert sum(c.female + c.male + c.unsure for c in read_counts(path)) == counted(path)


class Passage:
    """A store in the hands of events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = make_clock(synchronised=False)
        self.full_at: int | None = None
        self.expected = dict.fromkeys(GENDERS, 0)
        self.number = 0
        self.store = self.begin()

    def begin(self) -> Store:
        store = Store(self.path, max_bytes=1 << 20, batch_seconds=10, clock=self.clock, max_held=3)
        return store.__enter__()

    def end(self) -> None:
        assert self.store.flush()
        self.store.__exit__(None, None, None)

    def happen(self, event: str, value: object) -> None:
        if event in ("visit", "again"):
            self.publish(cast(PerceivedGender, value), twice=event == "again")
        elif event == "wait":
            self.clock.advance(cast(float, value))
        elif event == "step":
            self.clock.step_wall(cast(float, value))
        elif event == "synchronised":
            self.clock.synchronised = bool(value)
        elif event == "full at":
            self.full_at = cast("int | None", value)
        elif event == "restart":
            self.end()
            self.clock.boot_id = str(value)
            self.store = self.begin()
        else:
            self.store.flush()

    def publish(self, gender: PerceivedGender, *, twice: bool) -> None:
        """A visit, possibly on a full disk; published twice it still counts once."""
        self.number += 1
        self.expected[gender] += 1
        observation = pass_by(self.clock, str(self.number), gender)
        for _ in range(2 if twice else 1):
            with contextlib.nullcontext() if self.full_at is None else full_disk(self.full_at):
                self.store.publish(observation)
