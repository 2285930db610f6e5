# SPDX-License-Identifier: Apache-2.0
"""What our own code costs: a whole frame against the bare work that nobody could leave out.

A whole frame is everything that the daemon does with it: read and decode it from the replay camera,
find, cut, classify and follow faces, publish to the journal and to the store. The bare work is one
image decode (zipfile reads the bytes, Pillow decodes them into an array), one bare interpreter call
(set_tensor, invoke, get_tensor on arrays that are ready) of the detector and one of the classifier
for each face, on the same frames. Both are done in turns, frame by frame, in one run; the ratio of
the two sums is the result. Bar: 1.4.

What counts as bare is a choice, worth some 0.06 of the ratio: with `--strict` it is the decode of
bytes that are in memory already, and `invoke` alone. Give both figures when you give one.

    python -m benchmarks.overhead [SCENE] [--rounds 3]
"""

import argparse
import io
import os
import statistics
import tempfile
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.allocator import keep_freed_memory
from device.bundle import open_bundle
from device.cameras.replay import ReplayCamera
from device.classifier import Classifier
from device.clock import SystemClock
from device.detector import Detector
from device.interpreter import Interpreter
from device.pipeline import Pipeline
from device.sinks.journal import Journal
from device.store import Store
from device.tracker import Tracker

ROOT = Path(__file__).parent.parent


def bare_call(interpreter: Interpreter, values: NDArray[Any], *, strict: bool) -> float:
    """Seconds of one call of the runtime itself, on an input that is ready."""
    runtime: Any = interpreter._interpreter
    begun = perf_counter()
    if strict:
        runtime.invoke()
        return perf_counter() - begun
    runtime.set_tensor(interpreter._input, values)
    runtime.invoke()
    for detail in interpreter.output_details:
        runtime.get_tensor(detail["index"])
    return perf_counter() - begun


def bare_decode(archive: zipfile.ZipFile, name: str, *, strict: bool) -> float:
    """Seconds of reading (unless `strict`) and decoding one picture with zipfile and Pillow."""
    begun = perf_counter()
    blob = archive.read(name)
    if strict:
        begun = perf_counter()
    np.asarray(Image.open(io.BytesIO(blob)))
    return perf_counter() - begun


def one_round(
    scene: Path,
    detector: Detector,
    classifier: Classifier,
    judged: list[int],
    *,
    strict: bool = False,
) -> tuple[list[tuple[float, float]], list[int]]:
    """Seconds of (whole, bare) for each frame, and how many faces of each were classified.

    `judged` is the latter from an earlier round (empty in the first): with it, the bare work goes
    first on every other frame, so that neither side always finds the caches warm.
    """
    clock = SystemClock()
    pipeline = Pipeline(detector, classifier=classifier, tracker=Tracker())
    # What is in the pictures makes no difference to the time of a call.
    square = np.zeros(detector.interpreter.input_shape, np.float32)
    crop = np.zeros(classifier.interpreter.input_shape, np.int8)
    rows, faces = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(scene) as archive,
        ReplayCamera(scene, frames_per_second=0, loop=False, fast=True, clock=clock) as camera,
        Store(
            Path(folder) / "visits.db", max_bytes=1 << 24, batch_seconds=10, clock=clock
        ) as store,
        Path(os.devnull).open("wb") as nowhere,
        Journal(nowhere.fileno(), verbose=False) as journal,
    ):

        def whole() -> tuple[float, int]:
            begun = perf_counter()
            observation = pipeline.process(camera.capture(5.0))
            store.publish(observation)
            journal.publish(observation)
            spent = perf_counter() - begun
            return spent, sum(one.perception is not None for one in observation.sightings)

        def bare(name: str, calls: int) -> float:
            spent = bare_decode(archive, name, strict=strict)
            spent += bare_call(detector.interpreter, square, strict=strict)
            for _ in range(calls):
                spent += bare_call(classifier.interpreter, crop, strict=strict)
            return spent

        for number, name in enumerate(n for n in archive.namelist() if n.endswith(".jpg")):
            first = bare(name, judged[number]) if judged and number % 2 else 0.0
            spent, calls = whole()
            rows.append((spent, first or bare(name, calls)))
            faces.append(calls)
    return rows, faces


def main() -> None:
    """Print the ratio, for frames with and without a face."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("scene", nargs="?", type=Path, default=ROOT / "tests/data/doorway.zip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="count less as bare work")
    parser.add_argument("--runtime", choices=("auto", "litert", "tflite"), default="auto")
    args = parser.parse_args()
    # As the daemon does; else page faults by the thousand, in both columns, hide what is measured.
    keep_freed_memory()
    models = ROOT / "models"
    detector = Detector(open_bundle(models / "blazeface-short"), runtime=args.runtime)
    classifier = Classifier(open_bundle(models / "default"), runtime=args.runtime)
    _, judged = one_round(args.scene, detector, classifier, [])  # warms up, and counts faces
    rows = []
    for _ in range(args.rounds):
        times, faces = one_round(args.scene, detector, classifier, judged, strict=args.strict)
        rows += [(*pair, n) for pair, n in zip(times, faces, strict=True)]
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
