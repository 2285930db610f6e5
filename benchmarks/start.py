# SPDX-License-Identifier: Apache-2.0
"""How long a kiosk's start takes: to its first paint (bar: 2 s), to READY (1.5 s), to a frame.

The real `passerby run` draws into a file in place of a framebuffer, tells a supervisor of this
program's own that it is ready, and looks at the doorway. Beside it, in turns, an interpreter that
imports numpy and Pillow and does nothing, so that a busy machine can be told from a slow program.

    python -m benchmarks.start [--rounds 5]
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.daemon import DOORWAY, PATIENCE_SECONDS, ROOT

WIDTH, HEIGHT = 800, 480
MOST_SECONDS = {"first paint": 2.0, "ready": 1.5}
SETTINGS = f"""\
state_directory = "state"
run_directory = "run"
[camera]
path = "{DOORWAY}"
loop = true
[models]
directory = "{ROOT / "models"}"
[display]
kind = "framebuffer"
device = "screen"
console = ""
size = "{WIDTH}x{HEIGHT}"
[journal]
verbose = true
"""


def one_start(folder: Path) -> dict[str, float]:
    """Seconds from the start of the process to each moment."""
    (folder / "passerby.toml").write_text(SETTINGS, encoding="utf-8")
    screen, journal = folder / "screen", folder / "journal"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, journal.open("wb") as lines:
        ear.bind(str(folder / "notify"))
        ear.setblocking(False)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": f"{folder}/notify"}
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "device", "--settings", "passerby.toml", "run"],
            cwd=folder,
            env=environment,
            stdout=lines,
            stderr=subprocess.DEVNULL,
        )
        told: dict[str, float] = {}
        try:
            while len(told) < 3:
                now = time.perf_counter() - begun
                if "first paint" not in told and _painted(screen):
                    told["first paint"] = now
                if "ready" not in told and _ready(ear):
                    told["ready"] = now
                if "first frame" not in told and journal.stat().st_size:
                    told["first frame"] = now
                assert process.poll() is None and now < PATIENCE_SECONDS
                time.sleep(0.002)
        finally:
            process.kill()
            process.wait()
    return told


def _painted(screen: Path) -> bool:
    try:
        return any(screen.read_bytes())
    except FileNotFoundError:
        return False


def _ready(ear: socket.socket) -> bool:
    try:
        return b"READY=1" in ear.recv(4096)
    except BlockingIOError:
        return False


def imports() -> float:
    """Seconds of an interpreter with numpy and Pillow."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numpy, PIL.Image"], check=True)
    return time.perf_counter() - begun


def main() -> int:
    """Print the medians; 1 if one is beyond its bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = []
    for _ in range(parser.parse_args().rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append({**one_start(Path(folder)), "numpy and Pillow alone": imports()})
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    for name, seconds in medians.items():
        bar = f"  (bar {MOST_SECONDS[name]:g})" if name in MOST_SECONDS else ""
        print(f"{name:24}{seconds:6.2f} s{bar}")
    return int(any(medians[name] > bar for name, bar in MOST_SECONDS.items()))


if __name__ == "__main__":
    sys.exit(main())
