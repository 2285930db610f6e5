# SPDX-License-Identifier: Apache-2.0
"""Whether the daemon grows: the real `passerby run` on a looped scene, as fast as it goes.

The process is watched from outside: resident memory from /proc/PID/smaps_rollup (exact, where
VmRSS is not), descriptors and threads. What counts as growth of memory: benchmarks/slope.py.
Descriptors and threads: the fewest near the end must not exceed the fewest of the first half after
the warm-up. The fewest, because a leak stays open, while a client that has just hung up or a file
of /proc that is being read is in some of the counts and not in others.

What is bounded must have reached its bound when the warm-up ends, or filling up looks like a leak.
That asks for a small store: SQLite caches up to 1 MiB of it, which the default one reaches only
after some 5,000 visits (100,000 frames of the doorway). A small one also expires visits all along.

    python -m benchmarks.soak [SCENE] [--frames 200000] [--out benchmarks/results/soak.json]
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.daemon import DOORWAY, Daemon, Sample
from benchmarks.slope import WARM_UP_SHARE, Slope, slope

# The least that the settings allow.
STORE: dict[str, object] = {"max_bytes": 262_144}
_END_SHARE = 0.1
# What a daemon that idles at five frames a second looks at in a day.
_FRAMES_PER_DAY = 5 * 86400


def watch(daemon: Daemon, *, frames: int, every_seconds: float) -> Iterator[Sample]:
    """A sample each `every_seconds`, until so many frames have been looked at."""
    while True:
        time.sleep(every_seconds)
        sample = daemon.sample()
        yield sample
        if sample.frames >= frames:
            return


def growth(samples: Sequence[Sample], name: str) -> int:
    """How many more of `name` there were at the least near the end than in the first half."""
    counts = [int(getattr(sample, name)) for sample in samples]
    warm, half, end = (int(len(counts) * share) for share in (WARM_UP_SHARE, 0.5, 1 - _END_SHARE))
    return min(counts[end:]) - min(counts[warm:half])


def memory_slope(samples: Sequence[Sample], name: str = "resident_bytes") -> Slope:
    """Bytes per frame."""
    return slope(
        [sample.frames for sample in samples], [getattr(sample, name) for sample in samples]
    )


def summary(samples: Sequence[Sample], *, scene: str, seconds: float) -> dict[str, Any]:
    """The result, ready for a file; sizes in bytes."""
    resident, anonymous = memory_slope(samples), memory_slope(samples, "anonymous_bytes")
    settled = samples[int(len(samples) * WARM_UP_SHARE)]
    return {
        "scene": scene,
        "frames": samples[-1].frames,
        "seconds": round(seconds, 1),
        "samples": len(samples),
        "resident_bytes": {
            "first": samples[0].resident_bytes,
            "after_warm_up": settled.resident_bytes,
            "last": samples[-1].resident_bytes,
            "most": max(sample.resident_bytes for sample in samples),
        },
        "resident_slope_bytes_per_frame": _told(resident),
        "anonymous_slope_bytes_per_frame": _told(anonymous),
        "most_growth_bytes_per_day_at_5_frames_per_second": round(resident.high * _FRAMES_PER_DAY),
        "descriptors": {"last": samples[-1].descriptors, "growth": growth(samples, "descriptors")},
        "threads": {"last": samples[-1].threads, "growth": growth(samples, "threads")},
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }


def faults(result: dict[str, Any]) -> list[str]:
    """What grew, in words; nothing where all is right."""
    found = []
    low, high = result["resident_slope_bytes_per_frame"]["interval"]
    if low > 0:
        found.append(f"memory grows by {low:.2f} to {high:.2f} bytes per frame, expected none")
    found += [
        f"{result[name]['growth']} more {name} at the end than in the first half, expected none"
        for name in ("descriptors", "threads")
        if result[name]["growth"] > 0
    ]
    return found


def _told(one: Slope) -> dict[str, Any]:
    return {
        "slope": round(one.value, 4) + 0.0,  # no -0.0
        "interval": [round(one.low, 4) + 0.0, round(one.high, 4) + 0.0],
        "residual_correlation": round(one.correlation, 3),
        "grows": one.is_growth,
    }


def main() -> int:
    """Soak, print and write the result; 1 if anything grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("scene", nargs="?", type=Path, default=DOORWAY)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two samples")
    parser.add_argument("--out", type=Path, help="write the result here, as JSON")
    parser.add_argument("--samples", type=Path, help="write every sample here, as CSV")
    args = parser.parse_args()
    camera = {"path": str(args.scene.resolve()), "loop": True}
    samples: list[Sample] = []
    begun = time.monotonic()
    with Daemon("--fast", sections={"camera": camera, "store": STORE}) as daemon:
        for sample in watch(daemon, frames=args.frames, every_seconds=args.every):
            samples.append(sample)
            if args.samples:
                _append(args.samples, sample, new=len(samples) == 1)
        assert daemon.stop() == 0
    result = summary(samples, scene=args.scene.name, seconds=time.monotonic() - begun)
    text = json.dumps(result, indent=2)
    print(text)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text + "\n", encoding="utf-8")
    for fault in faults(result):
        print(fault)
    return bool(faults(result))


def _append(path: Path, sample: Sample, *, new: bool) -> None:
    names = Sample.__slots__
    with path.open("w" if new else "a", encoding="utf-8") as file:
        if new:
            file.write(",".join(names) + "\n")
        file.write(",".join(str(getattr(sample, name)) for name in names) + "\n")


if __name__ == "__main__":
    sys.exit(main())
