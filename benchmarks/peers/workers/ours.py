# SPDX-License-Identifier: Apache-2.0
"""Runs Passerby's own detector and classifier: pictures in, answers out.

    python -m benchmarks.peers.workers.ours DETECTOR CLASSIFIER

Both are bundles' folders. An answer is the likelier label of the picture's largest face, as
`python -m training evaluate` counts it: unsure is not counted as wrong, since no peer has the word.
After detection come cut, classify, calibrate. benchmarks/peers/wire.py tells the
wire; it is not imported, so that this process holds what one picture needs and nothing else.
"""

import json
import platform
import struct
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.allocator import keep_freed_memory
from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector


def look(detector: Detector, classifier: Classifier, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    """The answer for one picture, and what it took in all and after detection."""
    cpu, wall = time.process_time(), time.perf_counter()
    faces = detector.find_in_still(pixels)
    call_cpu, call = time.process_time(), time.perf_counter()
    label = None
    if faces:
        perception = classifier.perceive(classifier.crop(pixels, faces[0]))
        label = "female" if perception.female >= 0.5 else "male"
    ended, cpu_ended = time.perf_counter(), time.process_time()
    return {
        "label": label,
        "ms": (ended - wall) * 1e3,
        "cpu_ms": (cpu_ended - cpu) * 1e3,
        "call_ms": (ended - call) * 1e3,
        "call_cpu_ms": (cpu_ended - call_cpu) * 1e3,
    }


def write(message: dict[str, Any]) -> None:
    """One message, at once."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer until the input ends."""
    keep_freed_memory()  # as the daemon does
    detector = Detector(open_bundle(Path(sys.argv[1])), threads=1)
    classifier = Classifier(open_bundle(Path(sys.argv[2])), threads=1)
    runtime = f"Python {platform.python_version()}, {classifier.first.interpreter.runtime}"
    write({"runtime": runtime})
    while len(head := sys.stdin.buffer.read(8)) == 8:
        height, width = struct.unpack("<II", head)
        data = sys.stdin.buffer.read(height * width * 3)
        pixels = np.frombuffer(data, np.uint8).reshape(height, width, 3)
        write(look(detector, classifier, pixels))


if __name__ == "__main__":
    main()
