# SPDX-License-Identifier: Apache-2.0
"""How long `passerby capture` takes while the daemon runs. Bar: one frame time and 100 ms.

Three things are timed in turns, in one run, beside a daemon that looks at the doorway at its usual
rate, so that whatever else the machine does meets all of them:

- process: `passerby capture --json` from its start to its exit,
- client: the same question asked through a client that is there already,
- python: an interpreter that starts and does nothing, which no Python program can be faster than.

A question is asked at a random moment of the frame period and answered with the next frame: it
waits between no time and one frame time, which the daemon itself tells. What the process takes
beyond one whole frame time is its overhead, the worst case being asked right after a frame.

    python -m benchmarks.capture [--rounds 60]
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.daemon import DOORWAY, Daemon
from device.control.request import Request

MOST_OVERHEAD_SECONDS = 0.1


def seconds(work: Callable[[], object]) -> float:
    """What `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(daemon: Daemon, rounds: int) -> dict[str, list[float]]:
    """Seconds of each, round by round."""
    command = daemon.command("capture", "--json")

    def call(words: list[str]) -> None:
        done = subprocess.run(
            words, cwd=daemon.folder, env=daemon.environment, capture_output=True, check=False
        )
        assert done.returncode in (0, 3, 4), done.stderr

    works: dict[str, Callable[[], object]] = {
        "process": lambda: call(command),
        "client": lambda: daemon.client.ask(Request("capture")),
        "python": lambda: call([sys.executable, "-c", "pass"]),
    }
    told: dict[str, list[float]] = {name: [] for name in works}
    generator = random.Random(1)  # noqa: S311  moments of a frame period, no secret
    for _ in range(rounds):
        for name, work in works.items():
            time.sleep(generator.uniform(0, 0.1))
            told[name].append(seconds(work))
    return told


def main() -> int:
    """Print medians, 95th percentiles and the overhead; 1 if that is beyond the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=60)
    args = parser.parse_args()
    with Daemon(sections={"camera": {"path": str(DOORWAY), "loop": True}}) as daemon:
        told = measure(daemon, args.rounds)
        frame = 1 / daemon.status()["frames_per_second"]
        assert daemon.stop() == 0
    print(f"one frame time {1e3 * frame:.0f} ms; {args.rounds} rounds; milliseconds")
    print("what      median    95 %")
    for name, spent in told.items():
        most = statistics.quantiles(spent, n=20)[-1]
        print(f"{name:8}{1e3 * statistics.median(spent):8.0f}{1e3 * most:8.0f}")
    # A question waits for half a frame time in the middle, and for a whole one at most.
    overhead = statistics.median(told["process"]) - statistics.median(told["client"])
    beyond = statistics.median(told["process"]) - frame
    print(f"process beyond a frame time: {1e3 * beyond:.0f} ms in the middle (bar 100)")
    print(
        f"process beyond the client: {1e3 * overhead:.0f} ms, of which Python's own start "
        f"{1e3 * statistics.median(told['python']):.0f}"
    )
    return int(overhead > MOST_OVERHEAD_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
