# SPDX-License-Identifier: Apache-2.0
"""Runs `passerby` on the virtual camera, as a person would, and checks what it says.

Started by `run` inside the root that `make-root` made; exit status 0 when all is right.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# The bar of the issue for real picamera2, detector and classifier.
MOST_RESIDENT_BYTES = 90_000_000
FRAMES = 400
PATIENCE_SECONDS = 180.0
PIPELINE = Path("/usr/share/libcamera/pipeline/virtual/virtual.yaml")
SETTINGS = """\
state_directory = "{folder}/state"
run_directory = "{folder}/run"
[camera]
source = "picamera"
frames_per_second = 15
autofocus = "continuous"
[camera.recovery]
attempts = 1
probe_seconds = 1
[store]
batch_seconds = 0
"""


# The listener is the thread without which no frame arrives; picamera2 has only one.
LOSE_LISTENER = """
import sys, threading
from device.cli import main

def lose():
    from picamera2 import Picamera2
    Picamera2._cm.running = False

threading.Timer(15.0, lose).start()
sys.exit(main(sys.argv[1:]))
"""


class House:
    """One settings file, and the daemon that runs by it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settings = folder / "passerby.toml"
        self._settings.write_text(SETTINGS.format(folder=folder))
        self.journal = folder / "journal.jsonl"

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "device", "--settings", str(self._settings), *words]

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self.words(*words), capture_output=True, text=True, check=False)

    def start(self, **environment: str) -> "subprocess.Popen[bytes]":
        with self.journal.open("ab") as journal:
            return subprocess.Popen(
                self.words("run"), stdout=journal, env={**os.environ, **environment}
            )

    def status(self) -> dict[str, Any]:
        done = self.call("status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else {"frames": -1, "state": ""}

    def until(self, frames: int, state: str = "running") -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (told := self.status())["frames"] < frames or told["state"] != state:
            expect(time.monotonic() < deadline, f"{state} with {frames} frames, but: {told}")
            time.sleep(0.2)
        return told


def expect(right: bool, words: str) -> None:
    if not right:
        raise SystemExit(f"FAULT: {words}")


def captures(house: House) -> None:
    """One look through the camera, by whoever may have it."""
    listed = json.loads(house.call("cameras", "--json").stdout)
    expect(listed["cameras"][0]["kind"] == "picamera", f"picamera first in {listed}")
    for _ in range(3):
        done = house.call("capture", "--json")
        expect(done.returncode in (0, 3, 4), f"a capture, not {done.returncode}: {done.stderr}")
        expect(json.loads(done.stdout)["file"] == "libcamera camera 0", done.stdout)


def counts(house: House) -> None:
    """The people of the picture are counted once, within the memory that is allowed."""
    daemon = house.start()
    told = house.until(FRAMES)
    captures(house)
    memory, camera = told["memory"], told["camera"]
    print(f"frames {told['frames']}, {told['frames_per_second']} per second, {camera}")
    print(
        f"resident {memory['resident_bytes'] / 1e6:.1f} MB, peak {memory['peak_bytes'] / 1e6:.1f}"
    )
    daemon.send_signal(signal.SIGTERM)
    expect(daemon.wait(PATIENCE_SECONDS) == 0, f"an orderly end, not {daemon.returncode}")
    visits = house.journal.read_text().count('"visit"')
    expect(visits == 2, f"the two people of the picture in the journal, not {visits}")
    expect(memory["peak_bytes"] <= MOST_RESIDENT_BYTES, f"at most {MOST_RESIDENT_BYTES} bytes")
    print(f"{visits} visits, stopped in good order")


def stalls(house: House) -> None:
    """When frames stop, the process ends with the stall's code, and does not hang or crash."""
    words = house.words("run")
    words[1:3] = ["-c", LOSE_LISTENER]
    done = subprocess.run(
        words, timeout=PATIENCE_SECONDS, capture_output=True, text=True, check=False
    )
    expect(done.returncode == 11, f"exit status 11 for a stall, not {done.returncode}")
    expect("listener has died" in done.stderr, done.stderr)
    print("a stall ends the run with status 11")


def comes_back(house: House) -> None:
    """Without a camera at boot: exit 10, degraded, and back by itself."""
    text = PIPELINE.read_text()
    PIPELINE.unlink()
    try:
        notify = {"NOTIFY_SOCKET": "/nowhere"}
        status = house.start(**notify).wait(PATIENCE_SECONDS)
        expect(status == 10, f"exit status 10 without a camera, not {status}")
        daemon = house.start(**notify)
        told = house.until(0, state="degraded")
        print(f"degraded: {told['camera']['reason']}")
    finally:
        PIPELINE.write_text(text)
    house.until(10)
    daemon.send_signal(signal.SIGTERM)
    expect(daemon.wait(PATIENCE_SECONDS) == 0, f"an orderly end, not {daemon.returncode}")
    print("the camera was back by itself")


def main() -> None:
    """All of it, one after another."""
    for check in (captures, counts, stalls, comes_back):
        with tempfile.TemporaryDirectory() as folder:
            check(House(Path(folder)))
    print("all is right")


if __name__ == "__main__":
    main()
