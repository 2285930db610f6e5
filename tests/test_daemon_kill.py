# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, fifty times over: the store stays sound and complete.

Each round is a real daemon, forked from a process that has already imported what it needs. The
journal tells what had to be in the store: the sinks take one frame after the other, so a visit of
frame v had to be written by the first frame k that was taken a batch interval after frame v + 1,
and that write was over once frame k + 1 stands in the journal. No clock of this test is involved.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemons import PATIENCE_SECONDS, House
from walkers import frames, jpeg, write_scene

KILLS = 50
BATCH_SECONDS = 0.1
LONGEST_START_SECONDS = 0.3
LONGEST_LIFE_EVENTS = 45

NURSERY = """
import os, sys
from pathlib import Path
import device.app
from device.cli import main
from device.interpreter import Interpreter
Interpreter(Path(sys.argv[1]) / "model.tflite")  # for its imports alone
for line in sys.stdin:
    journal, log, *words = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        for number, path in ((1, journal), (2, log)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os._exit(main(words))
    os.write(1, b"%d\\n" % child)
    os.write(1, b"%d\\n" % os.waitpid(child, 0)[1])
"""


@pytest.fixture
def house(tmp_path: Path, models_directory: Path) -> House:
    """A daemon that lives fast: a hundred frames and several visits a second."""
    pictures = [jpeg(frame) for frame in frames(2, steps=6, gap=10)]
    scene = write_scene(tmp_path / "s.zip", pictures, frames_per_second=100)
    sections: dict[str, dict[str, object]] = {
        "camera": {"path": str(scene), "loop": True},
        "store": {"batch_seconds": BATCH_SECONDS},
        "tracker": {
            "min_sightings": 1,
            "max_gap_seconds": 0.03,
            "max_tentative_gap_seconds": 0.03,
        },
        "daemon": {"max_frames_per_second": 240},
    }
    return House(tmp_path / "a", models_directory, sections)


@pytest.fixture
def nursery(house: House, models_directory: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(models_directory / "default")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=house.environment(),
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def overdue(events: list[dict[str, Any]]) -> set[str]:
    """Identities of the visits in one daemon's journal that must have been written."""
    taken = [e["taken_at"]["monotonic"] for e in events if e["event"] == "frame"]
    due = set()
    frame = 0
    for event in events:
        if event["event"] == "frame":
            frame += 1
            continue
        # Stamps in the journal are rounded to milliseconds.
        later = [
            n
            for n, t in enumerate(taken)
            if n > frame + 1 and t > 0.002 + BATCH_SECONDS + taken[frame + 1]
        ]
        if later and later[0] + 1 < len(taken):
            due.add(event["identity"])
    return due


def live(house: House, chance: random.Random) -> None:
    """Let the daemon live for a while: a time within its start, or so many events of its journal.

    Events rather than seconds, so that a slow machine kills no earlier in a daemon's life.
    """
    if chance.random() < 0.2:
        time.sleep(chance.uniform(0.0, LONGEST_START_SECONDS))
        return
    events = chance.randint(1, LONGEST_LIFE_EVENTS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(house.journal.read_bytes().splitlines()) < events:
        assert time.monotonic() < deadline, house.log.read_text()
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, 0.02))


def test_fifty_kills_lose_nothing_that_was_due(
    house: House, nursery: subprocess.Popen[str]
) -> None:
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    chance = random.Random(20261121)  # noqa: S311  when to kill is no secret
    due: set[str] = set()
    written = 0
    for number in range(KILLS):
        house.journal = house.folder / f"journal-{number}.jsonl"
        house.journal.touch()
        words = ["--settings", str(house.settings), "run", "--verbose"]
        nursery.stdin.write("\t".join([str(house.journal), str(house.log), *words]) + "\n")
        nursery.stdin.flush()
        child = int(nursery.stdout.readline())
        live(house, chance)
        subprocess.run(["kill", "-9", str(child)], check=False)
        assert int(nursery.stdout.readline()) == signal.SIGKILL, house.log.read_text()
        due |= overdue(house.events())
        if (house.state / "visits.db").exists():
            stored = house.stored()
            assert due <= set(stored), f"round {number}: {due - set(stored)} missing"
            assert len(stored) == len(set(stored))
            written = len(stored)
    assert len(due) >= KILLS // 5
    assert written >= len(due)
