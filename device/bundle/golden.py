# SPDX-License-Identifier: Apache-2.0
"""Golden replay: does this machine say of recorded pictures what their bundle says it must?"""

import platform
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.bundle.manifest import GoldenCase, GoldenFace, Tolerance
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, InputError
from device.pictures import decode
from device.records import Box, Face, FaceCrop


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
            found = model.find_in_still(pixels)
            threshold = model.score_threshold
            faults += _compare_faces(case, found, golden.tolerance, threshold)
        else:
            channels = model.interpreter.input_shape[3]  # one of the three alike for a grey model
            crop = FaceCrop(np.ascontiguousarray(pixels[:, :, :channels]))
            faults += _compare_outputs(case, crop, model)
    if faults:
        raise BundleError(
            f"{bundle.path}: {len(faults)} golden pictures do not come out as recorded with "
            f"{model.interpreter.runtime} on {platform.machine()}: {'; '.join(faults)}; "
            "copy the bundle again, or use the other runtime"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"golden/{path.name} cannot be read: {error.strerror}") from error


def _compare_outputs(case: GoldenCase, crop: FaceCrop, model: Classifier) -> Iterator[str]:
    golden = model.bundle.manifest.golden
    expected = np.array(case.outputs, np.int64)
    if crop.pixels.shape[:2] != model.interpreter.input_shape[1:3]:
        yield f"{case.file} is {crop.pixels.shape}, expected the model's input size"
        return
    seen = model.raw(crop).astype(np.int64)
    if seen.shape != expected.shape:
        yield f"{case.file} has {expected.size} recorded outputs, the model gives {seen.size}"
        return
    apart = int(np.abs(seen - expected).max())
    if not golden.runtime.startswith(model.interpreter.runtime):
        allowed = round(golden.tolerance.probability / model.output_scale)
    elif golden.architecture == platform.machine():
        allowed = 0
    else:
        allowed = golden.tolerance.steps
    if apart > allowed:
        yield f"{case.file} gives {seen.tolist()}, expected {expected.tolist()} within {allowed}"
    elif (label := model.bundle.manifest.output.labels[int(seen.argmax())]) != case.label:
        yield f"{case.file} is called {label} ({seen.tolist()}), expected {case.label}"


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
