# SPDX-License-Identifier: Apache-2.0
"""The store stays below its limit, and the counts stay."""

import uuid
from pathlib import Path

import pytest
from visit_samples import counted, make_clock, make_visit, observe, pass_by, rows

from device.records import Visit
from device.store import Store
from device.store.retention import LEAST_BYTES, bytes_on_disk

MIB = 1024 * 1024


def many(clock_seconds: float, clock_wall: float, visits: int) -> list[Visit]:
    clock = make_clock(wall=clock_wall)
    made = []
    for _ in range(visits):
        clock.advance(clock_seconds)
        made.append(make_visit(str(uuid.uuid4()), clock.stamp(), "male"))
    return made


@pytest.mark.parametrize("max_bytes", [LEAST_BYTES, 700_000, 3 * MIB])
def test_the_files_never_exceed_the_limit_and_the_oldest_visits_go(
    tmp_path: Path, max_bytes: int
) -> None:
    path, clock = tmp_path / "visits.db", make_clock(boot_id=str(uuid.uuid4()))
    visits = max_bytes // 300
    largest = 0
    with Store(path, max_bytes=max_bytes, batch_seconds=0, clock=clock, max_held=10**6) as store:
        for number in range(0, visits, 200):
            batch = [make_visit(str(uuid.uuid4()), clock.stamp()) for _ in range(200)]
            store.publish(observe(clock, *batch))
            largest = max(largest, bytes_on_disk(path))
            clock.advance(60)
            assert store.state()["written"] == number + 200
    written, expired = store.state()["written"], store.state()["expired"]
    assert 0.2 * max_bytes < largest <= max_bytes
    assert counted(path) == written
    kept = [row[0] for row in rows(path, "SELECT id FROM visits ORDER BY id")]
    assert len(kept) + int(str(expired)) == written
    assert kept == list(range(int(str(expired)) + 1, int(str(written)) + 1))
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_lowered_limit_gives_the_space_back(tmp_path: Path) -> None:
    path, clock = tmp_path / "visits.db", make_clock()
    with Store(path, max_bytes=4 * MIB, batch_seconds=10, clock=clock) as store:
        store.publish(observe(clock, *many(1, 0, 4000)))
    assert path.stat().st_size > LEAST_BYTES
    with Store(path, max_bytes=LEAST_BYTES, batch_seconds=10, clock=clock) as store:
        store.publish(pass_by(clock, "now"))
        store.flush()
        assert bytes_on_disk(path) <= LEAST_BYTES
    assert counted(path) == 4001


def test_where_counts_alone_are_too_many_the_oldest_lose_their_time_and_not_their_number(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "visits.db", make_clock()
    with Store(path, max_bytes=LEAST_BYTES, batch_seconds=0, clock=clock) as store:
        for start in range(0, 3840, 64):
            store.publish(observe(clock, *many(900, start * 900.0, 64)))
        assert bytes_on_disk(path) <= LEAST_BYTES
    assert counted(path) == 3840
    ((forgotten,),) = rows(path, "SELECT male FROM counts WHERE origin = 'forgotten'")
    ((latest,),) = rows(path, "SELECT max(quarter) FROM counts")
    assert 0 < forgotten < 3840
    assert latest == 3840 * 900
