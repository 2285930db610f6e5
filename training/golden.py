# SPDX-License-Identifier: Apache-2.0
"""Records golden crops: what every device must repeat before it trusts a bundle."""

import hashlib
import io
import platform
from pathlib import Path
from typing import Final

from PIL import Image

from device.classifier import Classifier
from device.detector import Detector
from device.errors import DatasetError
from device.interpreter import runtime_version
from device.manifest import Golden, GoldenCase, Tolerance
from device.pictures import decode
from training.datasets import Dataset

GOLDEN_CASES: Final = 24


def record(
    classifier: Classifier, dataset: Dataset, detector: Detector
) -> tuple[Golden, dict[str, bytes]]:
    """Crops of labelled pictures with the outputs of this machine, and the crops as PNG by name.

    Pictures are taken in the order of their names' hash. A borderline crop, whose label the other
    runtime may turn within its tolerance, proves nothing and is passed over.

    Raises:
        DatasetError: there are too few fit pictures.
    """
    runtime = classifier.interpreter.runtime
    cases, files = [], {}
    names = sorted(dataset.samples, key=lambda s: hashlib.sha256(s.name.encode()).digest())
    for sample in names:
        pixels = decode(dataset.read(sample), name=sample.name)
        faces = detector.find_in_still(pixels)
        if not faces:
            continue
        crop = classifier.crop(pixels, faces[0])
        raw = classifier.raw(crop)
        steps = abs(int(raw[0]) - int(raw[1]))
        if steps * classifier.output_scale < 4 * Tolerance().probability:
            continue
        name = f"{Path(sample.name).stem}.png"
        cases.append(GoldenCase(file=name, outputs=tuple(int(v) for v in raw)))
        with io.BytesIO() as buffer:
            Image.fromarray(crop.pixels).save(buffer, "PNG")
            files[name] = buffer.getvalue()
        if len(cases) == GOLDEN_CASES:
            version = runtime_version(runtime)
            golden = Golden(
                architecture=platform.machine(), runtime=f"{runtime} {version}", cases=tuple(cases)
            )
            return golden, files
    raise DatasetError(
        f"{dataset.name}: only {len(cases)} pictures are fit for golden crops, expected "
        f"{GOLDEN_CASES}; name a larger set with --golden"
    )
