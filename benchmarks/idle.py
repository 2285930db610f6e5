# SPDX-License-Identifier: Apache-2.0
"""What the daemon writes while nobody is there: bytes an hour. Bar: 100 kB.

The real `passerby run` with its default settings looks at an empty wall (the fake camera's card).
After a warm-up longer than daemon.idle_seconds, two counts are taken over a while and scaled:

- asked for: every byte given to write(2) and its kin (`wchar` of /proc/PID/io), files, journal on
  standard output and log on standard error alike: what can wear out a card at most;
- to disk: what the kernel had to write back (`write_bytes`), in whole pages and with the file
  system's own share.

    python -m benchmarks.idle [--seconds 300] [--warm-up 70]
"""

import argparse
import json
import sys
import time
from pathlib import Path

from benchmarks.daemon import Daemon

MOST_BYTES_AN_HOUR = 100_000


def main() -> int:
    """Measure, print and write the result; 1 if it is beyond the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--warm-up", type=float, default=70.0)
    parser.add_argument("--out", type=Path, help="write the result here, as JSON")
    args = parser.parse_args()
    with Daemon(sections={"camera": {"source": "fake"}}) as daemon:
        at_start = daemon.written()
        time.sleep(args.warm_up)
        before, frames = daemon.written(), daemon.status()["frames"]
        begun = time.monotonic()
        time.sleep(args.seconds)
        after, status = daemon.written(), daemon.status()
        hours = (time.monotonic() - begun) / 3600
        assert daemon.stop() == 0
    result = {
        "frames": status["frames"] - frames,
        "rate": status["resources"]["rate_reason"],
        "asked_for_bytes_an_hour": round((after.asked_for - before.asked_for) / hours),
        "to_disk_bytes_an_hour": round((after.to_disk - before.to_disk) / hours),
        "asked_for_bytes_since_the_first_frame": after.asked_for - at_start.asked_for,
        "to_disk_bytes_since_the_first_frame": after.to_disk - at_start.to_disk,
        "seconds": args.seconds,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text + "\n", encoding="utf-8")
    most = max(after.asked_for - before.asked_for, after.to_disk - before.to_disk) / hours
    return int(most > MOST_BYTES_AN_HOUR)


if __name__ == "__main__":
    sys.exit(main())
