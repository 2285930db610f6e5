# SPDX-License-Identifier: Apache-2.0
"""What hangs while it is closed is not waited for, and does not hold up the process's end."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from device.closing import bounded

ROOT = Path(__file__).parent.parent
# Neither a driver's thread nor its closing ever ends, and something is still to be written.
HUNG = """
import threading, time
from device.closing import bounded, leave, leave_open
threading.Thread(target=time.sleep, args=(1000,)).start()
if not bounded(lambda: time.sleep(1000), seconds=0.01):
    leave_open("the camera")
print("told", end="")
leave(11)
"""


def test_closing_is_not_waited_for_without_end() -> None:
    hung = threading.Event()
    assert bounded(lambda: None, seconds=5.0)
    assert not bounded(hung.wait, seconds=0.05)
    hung.set()


def test_a_process_ends_with_its_status_though_a_driver_hangs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUNG],
        capture_output=True,
        text=True,
        timeout=120,  # without the way out it would sleep for ever
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        11,
        "told",
        "the camera hangs, it is left open until the process ends\n",
    )


@pytest.mark.parametrize(
    "words", [["-m", "device"], ["-c", "from device.cli import enter; enter()"]]
)
def test_both_ways_in_end_with_the_status(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *words, "config", "nonsense"], capture_output=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
