# SPDX-License-Identifier: Apache-2.0
"""What our own code costs: a whole frame against the bare work that nobody could leave out.

A whole frame is everything that the daemon does with it: read and decode it from the replay camera,
find, cut, classify and follow faces, publish to the journal and to the store. The bare work is one
image decode by Pillow, one bare invocation of the detector and one of the classifier for each face,
on the same frames. Both are done in turns, frame by frame, in one run; the ratio of the two sums is
the result. Bar: 1.4.

    python -m benchmarks.overhead [SCENE] [--rounds 3]
"""

import argparse
import io
import os
import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from device.bundle import open_bundle
from device.cameras import make_camera
from device.classifier import Classifier
from device.clock import SystemClock
from device.detector import Detector
from device.interpreter import Interpreter
from device.pictures import open_source
from device.pipeline import Pipeline
from device.sinks.journal import Journal
from device.store import Store
from device.tracker import Tracker

ROOT = Path(__file__).parent.parent
WARM_UP = 10


def bare_invocation(interpreter: Interpreter) -> float:
    """Seconds of one invocation with the input that is already in the tensor."""
    runtime: Any = interpreter._interpreter
    begun = perf_counter()
    runtime.invoke()
    return perf_counter() - begun


def bare_decode(blob: bytes) -> float:
    """Seconds of decoding one picture with Pillow alone."""
    begun = perf_counter()
    np.asarray(Image.open(io.BytesIO(blob)))
    return perf_counter() - begun


def one_round(scene: Path, detector: Detector, classifier: Classifier, state: Path) -> list[Any]:
    """(whole, bare, faces) in seconds for each frame of a scene."""
    clock = SystemClock()
    pipeline = Pipeline(detector, classifier=classifier, tracker=Tracker())
    rows = []
    with (
        open_source(scene) as source,
        make_camera(
            "replay", path=scene, frames_per_second=0, loop=False, fast=True, clock=clock
        ) as camera,
        Store(state / "visits.db", max_bytes=1 << 24, batch_seconds=10, clock=clock) as store,
        Path(os.devnull).open("wb") as nowhere,
        Journal(nowhere.fileno(), verbose=False) as journal,
    ):
        for name in source.names:
            begun = perf_counter()
            observation = pipeline.process(camera.capture(5.0))
            store.publish(observation)
            journal.publish(observation)
            whole = perf_counter() - begun
            judged = sum(sighting.perception is not None for sighting in observation.sightings)
            bare = bare_decode(source.read(name)) + bare_invocation(detector.interpreter)
            bare += sum(bare_invocation(classifier.interpreter) for _ in range(judged))
            rows.append((whole, bare, judged))
    return rows[WARM_UP:]


def main() -> None:
    """Print the ratio, for frames with and without a face."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("scene", nargs="?", type=Path, default=ROOT / "tests/data/doorway.zip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runtime", choices=("auto", "litert", "tflite"), default="auto")
    args = parser.parse_args()
    models = ROOT / "models"
    detector = Detector(open_bundle(models / "blazeface-short"), runtime=args.runtime)
    classifier = Classifier(open_bundle(models / "default"), runtime=args.runtime)
    rows = []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rows += one_round(args.scene, detector, classifier, Path(folder))
    print(f"runtime {detector.interpreter.runtime}, {len(rows)} frames of {args.scene.name}")
    print("frames            n   whole ms    bare ms   ratio of sums")
    for what, some in (
        ("all", rows),
        ("without a face", [row for row in rows if row[2] == 0]),
        ("with faces", [row for row in rows if row[2] > 0]),
    ):
        if some:
            whole, bare = (1e3 * statistics.median(row[i] for row in some) for i in (0, 1))
            ratio = sum(row[0] for row in some) / sum(row[1] for row in some)
            print(f"{what:14s} {len(some):4d} {whole:10.3f} {bare:10.3f} {ratio:15.3f}")


if __name__ == "__main__":
    main()
