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

Where other programs are at work, their share is in every figure. Processor time, given beside, is
disturbed less: what the process takes of it beyond Python's own start is Passerby's own.

    python -m benchmarks.capture [--rounds 60]
"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.daemon import DOORWAY, Daemon
from device.control.request import Request

MOST_OVERHEAD_SECONDS = 0.1


Times = dict[str, list[tuple[float, float]]]
"""Seconds, and seconds of processor time in children, round by round."""


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """What `work` takes."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    spent, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(daemon: Daemon, rounds: int) -> Times:
    """All three, in turns."""
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
    told: Times = {name: [] for name in works}
    generator = random.Random(1)  # noqa: S311  moments of a frame period, no secret
    for _ in range(rounds):
        for name, work in works.items():
            time.sleep(generator.uniform(0, 0.1))
            told[name].append(timed(work))
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
    print("what      median    95 %   least processor time")
    least = {name: min(processor for _, processor in pairs) for name, pairs in told.items()}
    median = {name: statistics.median(spent for spent, _ in pairs) for name, pairs in told.items()}
    for name, pairs in told.items():
        most = statistics.quantiles([spent for spent, _ in pairs], n=20)[-1]
        print(f"{name:8}{1e3 * median[name]:8.0f}{1e3 * most:8.0f}{1e3 * least[name]:8.0f}")
    # A question waits for half a frame time in the middle, and for a whole one at most.
    overhead = median["process"] - median["client"]
    print(f"process beyond a frame time: {1e3 * (median['process'] - frame):.0f} ms (bar 100)")
    print(
        f"process beyond the client: {1e3 * overhead:.0f} ms, Python's own start "
        f"{1e3 * median['python']:.0f}; processor time beyond Python's own "
        f"{1e3 * (least['process'] - least['python']):.0f}"
    )
    return int(median["process"] - frame > MOST_OVERHEAD_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
