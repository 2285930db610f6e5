# SPDX-License-Identifier: Apache-2.0
"""A real writer is killed with SIGKILL at random moments; what it had to have written is there."""

import random
import signal
import subprocess
import sys
from pathlib import Path

from visit_samples import counted, identities, rows

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 20
BATCH_SECONDS = 0.02

# Says when each visit was handed over, and, once `publish` is back, from which moment it is back.
WRITER = """
import itertools, os, sys
from pathlib import Path
from device.clock import SystemClock
from device.records import Observation, Visit
from device.store import Store

path, batch, start = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
clock = SystemClock()
with Store(path, max_bytes=1 << 20, batch_seconds=batch, clock=clock) as store:
    for number in itertools.count():
        stamp = clock.stamp()
        visit = Visit(f"{start}-{number}", stamp, stamp, "unsure", 0.5, 3, 1.0, 1.0)
        os.write(1, f"visit {visit.identity} {stamp.monotonic}\\n".encode())
        store.publish(Observation(number, stamp, 640, 480, (), (visit,)))
        os.write(1, f"back {stamp.monotonic}\\n".encode())
        clock.sleep(0.001)
"""


def run_and_kill(path: Path, name: str, lines: int) -> list[list[str]]:
    """Start the writer, kill it after some lines of its output, return all that it said."""
    command = [sys.executable, "-c", WRITER, str(path), str(BATCH_SECONDS), name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return [line.split() for line in said if line.endswith("\n")]


def owed(said: list[list[str]]) -> set[str]:
    """Visits that had waited for the batch interval when a later `publish` came back."""
    back = max((float(words[1]) for words in said if words[0] == "back"), default=float("-inf"))
    visits = [words for words in said if words[0] == "visit"]
    return {identity for _, identity, handed in visits if float(handed) + BATCH_SECONDS <= back}


def test_a_kill_at_any_moment_leaves_a_sound_store_with_all_that_was_due(tmp_path: Path) -> None:
    chance = random.Random(20261104)  # noqa: S311 seeded on purpose
    path = tmp_path / "visits.db"
    due: set[str] = set()
    for number in range(ROUNDS):
        said = run_and_kill(path, f"run{number}", chance.randrange(1, 200))
        due |= owed(said)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        stored = identities(path)
        assert due <= stored
        assert counted(path) == len(stored)
    assert len(due) > ROUNDS
