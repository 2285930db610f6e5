# SPDX-License-Identifier: Apache-2.0
"""Records golden crops: what every device must repeat before it trusts a bundle."""

import hashlib
import io
import platform
from pathlib import Path
from typing import Final

from PIL import Image

from device.bundle.manifest import Golden, GoldenCase, Tolerance
from device.classifier import Classifier
from device.detector import Detector
from device.errors import DatasetError
from device.interpreter import runtime_version
from device.pictures import decode
from training.datasets import Dataset

GOLDEN_CASES: Final = 24


def record(
    classifier: Classifier, dataset: Dataset, detector: Detector
) -> tuple[Golden, dict[str, bytes]]:
    """Crops of labelled pictures with the outputs of this machine, and the crops as PNG by name.

    Pictures are taken in the order of their names' hash, borderline crops last: their label may
    turn with the other runtime, within its tolerance.

    Raises:
        DatasetError: there are too few pictures with a face.
    """
    made, files = [], {}
    for sample in dataset.samples:
        pixels = decode(dataset.read(sample), name=sample.name)
        for face in detector.find_in_still(pixels)[:1]:
            crop = classifier.crop(pixels, face)
            raw = classifier.first.raw(crop)
            apart = abs(int(raw[0]) - int(raw[1])) * classifier.first.output_scale
            borderline = apart < 4 * Tolerance().probability
            digest = hashlib.sha256(sample.name.encode()).hexdigest()
            made.append((borderline, digest, sample.name, crop, raw))
    if len(made) < GOLDEN_CASES:
        raise DatasetError(
            f"{dataset.name}: {len(made)} pictures with a face, expected {GOLDEN_CASES} for golden "
            "crops; name a larger set with --golden"
        )
    manifest = classifier.bundle.manifest
    cases = []
    for _, digest, name, crop, raw in sorted(made, key=lambda one: one[:2])[:GOLDEN_CASES]:
        file = f"{Path(name).stem}.png"
        if file in files:  # the same name in another folder of the dataset
            file = f"{Path(name).stem}-{digest[:8]}.png"
        again = [value for second in classifier.networks[1:] for value in second.raw(crop)]
        cases.append(
            GoldenCase(
                file=file,
                outputs=tuple(int(value) for value in raw),
                second_outputs=tuple(int(value) for value in again),
                label=manifest.output.labels[int(raw.argmax())],
            )
        )
        with io.BytesIO() as buffer:
            Image.fromarray(crop.pixels.squeeze()).save(buffer, "PNG")
            files[file] = buffer.getvalue()
    runtime = classifier.first.interpreter.runtime
    made_by = f"{runtime} {runtime_version(runtime)}"
    return Golden(platform.machine(), made_by, cases=tuple(cases)), files
