# SPDX-License-Identifier: Apache-2.0
"""What our own code costs: a whole frame against the bare work that nobody could leave out.

A whole frame is everything that the daemon does with it: read and decode it from the replay camera,
find, cut, classify and follow faces, publish to the journal and to the store. The bare work is one
image decode (zipfile reads the bytes, Pillow decodes them into an array), one bare interpreter call
(set_tensor, invoke, get_tensor on arrays that are ready) of the detector and one for each look that
the classifier took, on the same frames. Both are done in turns, frame by frame, in one run; the
ratio of the two sums is the result. Bar: 1.4.

What counts as bare is a choice, worth some 0.06 of the ratio: with `--strict` it is the decode of
bytes that are in memory already, and `invoke` alone. Give both figures when you give one.

On a machine where others are at work, `--cpu` counts this thread's processor time in place of the
clock's, for both sides. It leaves out what the store waits for its disk; give it as what it is.

    python -m benchmarks.overhead [SCENE] [--rounds 3]
"""

import argparse
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.allocator import keep_freed_memory
from device.bundle import Bundle, open_bundle
from device.cameras.replay import ReplayCamera
from device.classifier import Classifier, Network
from device.clock import SystemClock
from device.detector import Detector
from device.interpreter import Interpreter, RuntimeChoice
from device.pipeline import Pipeline
from device.records import FaceCrop
from device.sinks.journal import Journal
from device.store import Store
from device.tracker import Tracker

ROOT = Path(__file__).parent.parent

# A clock that tells seconds.
Tick = Callable[[], float]


class Watched(Classifier):
    """A classifier that remembers its looks.

    Attributes:
        looks: the model of each, in their order.
    """

    def __init__(self, bundle: Bundle, *, runtime: RuntimeChoice) -> None:
        """Load the bundle's models."""
        super().__init__(bundle, runtime=runtime)
        self.looks: list[Network] = []
        for network in self.networks:
            self._watch(network)

    def _watch(self, network: Network) -> None:
        look = network.raw

        def raw(crop: FaceCrop) -> NDArray[Any]:
            self.looks.append(network)
            return look(crop)

        network.raw = raw  # type: ignore[method-assign]


def bare_call(
    interpreter: Interpreter, values: NDArray[Any], *, strict: bool, tick: Tick = perf_counter
) -> float:
    """Seconds of one call of the runtime itself, on an input that is ready."""
    runtime: Any = interpreter._interpreter
    begun = tick()
    if strict:
        runtime.invoke()
        return tick() - begun
    runtime.set_tensor(interpreter._input, values)
    runtime.invoke()
    for detail in interpreter.output_details:
        runtime.get_tensor(detail["index"])
    return tick() - begun


def bare_decode(
    archive: zipfile.ZipFile, name: str, *, strict: bool, tick: Tick = perf_counter
) -> float:
    """Seconds of reading (unless `strict`) and decoding one picture with zipfile and Pillow."""
    begun = tick()
    blob = archive.read(name)
    if strict:
        begun = tick()
    np.asarray(Image.open(io.BytesIO(blob)))
    return tick() - begun


def one_round(
    scene: Path,
    detector: Detector,
    classifier: Watched,
    looks: list[list[Network]],
    *,
    strict: bool = False,
    tick: Tick = perf_counter,
) -> tuple[list[tuple[float, float]], list[list[Network]]]:
    """Seconds of (whole, bare) for each frame, and the models that looked at each one's faces.

    `looks` is the latter from an earlier round (empty in the first): with it, the bare work goes
    first on every other frame, so that neither side always finds the caches warm.
    """
    clock = SystemClock()
    pipeline = Pipeline(detector, classifier=classifier, tracker=Tracker())
    # What is in the pictures makes no difference to the time of a call.
    square = np.zeros(detector.interpreter.input_shape, np.float32)
    crop = np.zeros(classifier.first.interpreter.input_shape, np.int8)
    rows, taken = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(scene) as archive,
        ReplayCamera(scene, frames_per_second=0, loop=False, fast=True, clock=clock) as camera,
        Store(Path(folder) / "v.db", max_bytes=1 << 24, batch_seconds=10, clock=clock) as store,
        Path(os.devnull).open("wb") as nowhere,
        Journal(nowhere.fileno(), verbose=False) as journal,
    ):

        def whole() -> tuple[float, list[Network]]:
            classifier.looks.clear()
            begun = tick()
            observation = pipeline.process(camera.capture(5.0))
            store.publish(observation)
            journal.publish(observation)
            return tick() - begun, list(classifier.looks)

        def bare(name: str, calls: list[Network]) -> float:
            work: list[tuple[Interpreter, NDArray[Any]]] = [(detector.interpreter, square)]
            work += [(network.interpreter, crop) for network in calls]
            spent = [bare_call(model, values, strict=strict, tick=tick) for model, values in work]
            return bare_decode(archive, name, strict=strict, tick=tick) + sum(spent)

        for number, name in enumerate(n for n in archive.namelist() if n.endswith(".jpg")):
            first = bare(name, looks[number]) if looks and number % 2 else 0.0
            spent, calls = whole()
            rows.append((spent, first or bare(name, calls)))
            taken.append(calls)
    return rows, taken


def main() -> None:
    """Print the ratio, for frames with and without a face."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("scene", nargs="?", type=Path, default=ROOT / "tests/data/doorway.zip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="count less as bare work")
    parser.add_argument("--cpu", action="store_true", help="count processor time")
    parser.add_argument("--runtime", choices=("auto", "litert", "tflite"), default="auto")
    args = parser.parse_args()
    # As the daemon does; else page faults by the thousand, in both columns, hide what is measured.
    keep_freed_memory()
    models = ROOT / "models"
    detector = Detector(open_bundle(models / "blazeface-short"), runtime=args.runtime)
    classifier = Watched(open_bundle(models / "default"), runtime=args.runtime)
    _, looks = one_round(args.scene, detector, classifier, [])  # warms up, and counts looks
    tick = thread_time if args.cpu else perf_counter
    rounds = np.array(
        [
            one_round(args.scene, detector, classifier, looks, strict=args.strict, tick=tick)[0]
            for _ in range(args.rounds)
        ]
    )  # seconds, float64[rounds, frames, 2]
    faces = np.array([len(calls) for calls in looks])
    print(f"runtime {detector.interpreter.runtime}, {faces.size} frames of {args.scene.name}")
    print("frames            n   whole ms    bare ms   ratio of sums")
    for what, chosen in (
        ("all", faces >= 0),
        ("without a face", faces == 0),
        ("with faces", faces > 0),
    ):
        if chosen.any():
            some = rounds[:, chosen]
            whole, bare = 1e3 * np.median(some, axis=(0, 1))
            ratio = np.divide(*some.sum(axis=(0, 1)))
            print(f"{what:14s} {some[..., 0].size:4d} {whole:10.3f} {bare:10.3f} {ratio:15.3f}")


if __name__ == "__main__":
    main()
