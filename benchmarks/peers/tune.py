# SPDX-License-Identifier: Apache-2.0
"""Finds out how each peer is served best, on held-out training pictures; never on the test set.

    python -m benchmarks.peers.tune HELDOUT.zip {crops | detectors} [--limit N]

HELDOUT holds pictures that neither our training nor the final comparison uses: what `training
prepare` put into the splits select and calibrate (of `fairface-train.zip`: all ages for the crops;
from 20 up for the detectors, of which SSD takes 0.3 s a picture). The most accurate crop
and detector are written into benchmarks/peers/choices.py by hand; results/held_out.json is the
evidence for them.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.peers.choices import RESULTS, SCRATCH
from benchmarks.peers.entrants import Crop, Entrant, npm, pypi
from benchmarks.peers.environment import Peers, install
from benchmarks.peers.race import Result, choose, race
from device.bundle import open_bundle
from device.detector import Detector
from device.places import shipped_models
from training import metrics
from training.datasets import open_dataset

PYPI_SCALES = (1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 2.0)
NPM_SCALES = (0.9, 1.0, 1.1, 1.2, 1.3)
TINY_SIDES = ("128", "160", "224", "320", "416")


def crops(peers: Peers) -> list[Entrant]:
    """Both peers on our detector's faces at every scale, level and upright."""
    found: list[Entrant] = []
    for level in (True, False):
        found += [pypi(peers, "crop", Crop(scale, level)) for scale in PYPI_SCALES]
        found += [npm(peers, "crop", crop=Crop(scale, level)) for scale in NPM_SCALES]
    return found


def detectors(peers: Peers) -> list[Entrant]:
    """Both peers with their own detectors, in every documented way that gives a gender."""
    found = [pypi(peers, "whole")]
    for side in TINY_SIDES:
        found += [npm(peers, "tiny", side), npm(peers, "tiny", side, "landmarks")]
    return [*found, npm(peers, "ssd"), npm(peers, "ssd", "landmarks")]


def row(dataset: str, result: Result, truths: Sequence[str]) -> dict[str, Any]:
    """The figures of one way on the dataset of this name."""
    crop = result.entrant.crop
    labels = [reply.label for reply in result.replies]
    right = sum(label == truth for label, truth in zip(labels, truths, strict=True))
    times = [reply.cpu_ms for reply in result.replies if reply.label]
    return {
        "dataset": dataset,
        "way": result.entrant.name,
        "crop": None if crop is None else {"scale": crop.scale, "level": crop.level},
        "n": len(truths),
        "accuracy": metrics.figure(right, len(truths)).value,
        "found": metrics.figure(sum(label is not None for label in labels), len(truths)).value,
        "cpu_ms": round(statistics.median(times), 2) if times else None,
    }


def main() -> None:
    """Measure, print, and add to the evidence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("what", choices=("crops", "detectors"))
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--scratch", type=Path, default=SCRATCH)
    parser.add_argument("--out", type=Path, default=RESULTS / "held_out.json")
    args = parser.parse_args()
    args.scratch.mkdir(parents=True, exist_ok=True)
    peers = install(args.scratch)
    entrants = crops(peers) if args.what == "crops" else detectors(peers)
    detector = Detector(open_bundle(shipped_models() / "blazeface-short"))
    with open_dataset(args.dataset) as dataset:
        samples = choose(dataset, args.limit)
        results = race(
            entrants, dataset, samples, detector=detector, logs=args.scratch, progress=tqdm
        )
    truths = [sample.perceived_gender for sample in samples]
    rows = [row(args.dataset.name, result, truths) for result in results]
    for one in sorted(rows, key=lambda one: -one["accuracy"]):
        print(one)
    evidence = json.loads(args.out.read_text()) if args.out.exists() else {}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    evidence[args.what] = rows
    args.out.write_text(json.dumps(evidence, indent=1) + "\n")


if __name__ == "__main__":
    main()
