# SPDX-License-Identifier: Apache-2.0
"""Golden replay: does this machine say of recorded pictures what their bundle says it must?"""

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.bundle.manifest import GoldenCase, GoldenFace, Tolerance
from device.bundle.opening import Bundle
from device.classifier import Classifier, Network
from device.detector import Detector, first_found
from device.errors import BundleError, InputError
from device.pictures import decode
from device.records import Box, Face, FaceCrop

# Golden faces were recorded when stills had two looks: no more may be taken to repeat them.
GOLDEN_MARGINS: Final = (0.0, 0.25)


def replay(model: Detector | Classifier) -> None:
    """Run every golden picture of the model's bundle and compare.

    Classifiers must repeat their int8 outputs exactly with the runtime and architecture that made
    them, and within the bundle's tolerance elsewhere; labels must be the same everywhere. Detectors
    must find the same faces within pixels and scores.

    Raises:
        BundleError: with every picture that differs.
    """
    bundle = model.bundle
    golden = bundle.manifest.golden
    faults = []
    for case in golden.cases:
        try:
            path = bundle.path / "golden" / case.file
            pixels = decode(_read(path), name=case.file)
        except InputError as error:
            faults.append(str(error))
            continue
        if isinstance(model, Detector):
            found = first_found(model.find, pixels, GOLDEN_MARGINS)
            threshold = model.score_threshold
            faults += _compare_faces(case, found, golden.tolerance, threshold)
        else:
            faults += _compare_outputs(case, pixels, model)
    if faults:
        raise BundleError(
            f"{bundle.path}: {len(faults)} golden pictures do not come out as recorded with "
            f"{_runtime(model)} on {platform.machine()}: {'; '.join(faults)}; "
            "copy the bundle again, or use the other runtime"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"golden/{path.name} cannot be read: {error.strerror}") from error


def _runtime(model: Detector | Classifier) -> str:
    network = model if isinstance(model, Detector) else model.first
    return network.interpreter.runtime


def _compare_outputs(
    case: GoldenCase, pixels: NDArray[np.uint8], model: Classifier
) -> Iterator[str]:
    """What each model says of the crop; the second one's label may be another."""
    size, channels = model.rule.size, 1 if model.rule.colour == "grey" else 3
    if pixels.shape[:2] != (size, size):
        yield f"{case.file} is {pixels.shape}, expected the model's input size"
        return
    # One channel of the three alike for a grey model.
    crop = FaceCrop(np.ascontiguousarray(pixels[:, :, :channels]))
    seen = model.first.raw(crop)
    apart = [*_apart(case.file, seen, case.outputs, model.bundle, model.first)]
    yield from apart
    if not apart and (label := model.bundle.manifest.output.labels[seen.argmax()]) != case.label:
        yield f"{case.file} is called {label} ({seen.tolist()}), expected {case.label}"
    for second in model.networks[1:]:
        name = f"{case.file}, second model,"
        yield from _apart(name, second.raw(crop), case.second_outputs, model.bundle, second)


def _apart(
    name: str, seen: NDArray[Any], recorded: tuple[int, ...], bundle: Bundle, network: Network
) -> Iterator[str]:
    """Whether outputs for one crop are farther from the recorded ones than they may be."""
    golden = bundle.manifest.golden
    expected = np.array(recorded, np.int64)
    if seen.shape != expected.shape:
        yield f"{name} has {expected.size} recorded outputs, the model gives {seen.size}"
        return
    if not golden.runtime.startswith(network.interpreter.runtime):
        allowed = round(golden.tolerance.probability / network.output_scale)
    elif golden.architecture == platform.machine():
        allowed = 0
    else:
        allowed = golden.tolerance.steps
    if int(np.abs(seen.astype(np.int64) - expected).max()) > allowed:
        yield f"{name} gives {seen.tolist()}, expected {expected.tolist()} within {allowed}"


def _compare_faces(
    case: GoldenCase, found: tuple[Face, ...], tolerance: Tolerance, threshold: float
) -> Iterator[str]:
    """Every face well over the threshold must have its partner, in both directions."""
    expected = list(case.faces)
    for face in found:
        partner = next((one for one in expected if _same(one, face, tolerance)), None)
        if partner is not None:
            expected.remove(partner)
        elif face.score > threshold + tolerance.score:
            yield f"{case.file} shows a face at {_rounded(face.box)} that was not recorded"
    for one in expected:
        if one.score > threshold + tolerance.score:
            yield f"{case.file} lacks the face recorded at {one.box}"


def _same(recorded: GoldenFace, face: Face, tolerance: Tolerance) -> bool:
    seen = (face.box.x, face.box.y, face.box.width, face.box.height)
    near = all(abs(a - b) <= tolerance.pixels for a, b in zip(seen, recorded.box, strict=True))
    return near and abs(face.score - recorded.score) <= tolerance.score


def _rounded(box: Box) -> tuple[int, int, int, int]:
    return round(box.x), round(box.y), round(box.width), round(box.height)
