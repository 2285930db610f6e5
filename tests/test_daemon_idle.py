# SPDX-License-Identifier: Apache-2.0
"""What the daemon writes while nobody is there: counted by the kernel, frame by frame."""

import os
from pathlib import Path

import pytest
from daemons import House, NewHouse
from visit_samples import make_clock, observe, pass_by
from walkers import frames, jpeg, write_scene

from device.store import Store

# The bar of the issue, and the frames of an idle hour at the default rate.
MOST_BYTES_AN_HOUR = 100_000
FRAMES_AN_HOUR = 5 * 3600
WARM_UP, FRAMES = 20, 400


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene without anybody."""
    pictures = [jpeg(frame) for frame in frames(1, steps=1, gap=8)[1:]]
    return write_scene(tmp_path_factory.mktemp("scene") / "empty.zip", pictures)


def asked_to_write(process: int) -> int:
    """Bytes given to write(2) and its kin so far: files, journal and log alike (proc(5), io)."""
    lines = Path(f"/proc/{process}/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("wchar:")))


def test_a_store_that_has_written_is_silent_again(tmp_path: Path) -> None:
    """An hour of idle frames, each of them long after the batch interval."""
    clock = make_clock()
    with Store(tmp_path / "visits.db", max_bytes=1 << 20, batch_seconds=0.1, clock=clock) as store:
        store.publish(pass_by(clock, "one"))
        clock.advance(1.0)
        store.publish(observe(clock))
        assert store.state()["written"] == 1
        before = asked_to_write(os.getpid())
        for _ in range(FRAMES_AN_HOUR):
            clock.advance(0.2)
            store.publish(observe(clock))
        assert asked_to_write(os.getpid()) - before <= MOST_BYTES_AN_HOUR
        store.publish(pass_by(clock, "two"))
        clock.advance(1.0)
        store.publish(observe(clock))
        assert asked_to_write(os.getpid()) > before  # the count sees what SQLite writes


def bytes_an_hour(house: House, *words: str) -> float:
    """Scaled from some hundred frames, each of which is time for a batch."""
    process = house.start("--fast", *words)
    first = house.wait_frames(WARM_UP)["frames"]
    before = asked_to_write(process.pid)
    last = house.wait_frames(first + FRAMES)
    written = asked_to_write(process.pid) - before
    assert last["last_face"] is None
    assert house.stop(process) == 0
    return written / int(last["frames"] - first) * FRAMES_AN_HOUR


def test_an_empty_doorway_costs_next_to_nothing(new_house: NewHouse, empty: Path) -> None:
    house = new_house(store={"batch_seconds": 0}, camera={"path": str(empty), "loop": True})
    assert bytes_an_hour(house) <= MOST_BYTES_AN_HOUR


def test_the_count_sees_a_line_for_each_frame(new_house: NewHouse, empty: Path) -> None:
    house = new_house(store={"batch_seconds": 0}, camera={"path": str(empty), "loop": True})
    assert bytes_an_hour(house, "--verbose") > MOST_BYTES_AN_HOUR
