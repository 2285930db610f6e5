# SPDX-License-Identifier: Apache-2.0
"""The models that `training compare` sets side by side: of runs, in float and int8, and of bundles.

Every one is a .tflite file in the device's own runtime, so that sizes and times compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.bundle import open_bundle
from device.bundle.manifest import MANIFEST, ClassifierDecision
from device.errors import BundleError, DatasetError
from device.imaging import CropRule
from device.records import FEMALE, MALE

FLOAT = "float"
AFTER = "PTQ int8"
AWARE = "QAT int8"


@dataclass(frozen=True, slots=True)
class Contender:
    """One model.

    Attributes:
        name: for tables, e.g. "run float".
        models: the bytes of its .tflite file, int8 or float32, and of a bundle's second model.
        rule: how its crops are cut, with their margin.
        labels: in the order of its outputs.
        offset: where its logit's even point lies: a bundle's own, 0 for the models of a run.
        second_look: within what logit it looks again: a bundle's own, 0 for the models of a run.
    """

    name: str
    models: tuple[bytes, ...]
    rule: CropRule
    labels: tuple[str, ...] = (FEMALE, MALE)
    offset: float = 0.0
    second_look: float = 0.0


def contenders(paths: Sequence[Path]) -> list[Contender]:
    """All models of these runs and bundles; the first one is what the others are compared with.

    A run gives its float model and what quantisation after training makes of it; a run of
    quantisation-aware training gives its int8 model, and its float model where it comes first.

    Raises:
        DatasetError: a path is neither a run nor a bundle, or a run is unfinished.
        BundleError: a bundle is damaged or no classifier's.
    """
    found: list[Contender] = []
    for path in paths:
        if (path / MANIFEST).exists():
            found.append(_of_bundle(path))
        elif (path / "config.json").exists():
            found += _of_run(path, first=not found)
        else:
            raise DatasetError(
                f"{path}: neither a training run (config.json) nor a bundle ({MANIFEST}), "
                "expected either; name a workdir of `training train` or a folder under models/"
            )
    return found


def _of_bundle(path: Path) -> Contender:
    bundle = open_bundle(path)
    manifest = bundle.manifest
    rule, decision = manifest.input.crop, manifest.decision
    if rule is None or not isinstance(decision, ClassifierDecision):
        raise BundleError(f"{path}: a {manifest.task} bundle, expected a classifier")
    return Contender(
        name=f"{manifest.name} {manifest.version}",
        models=tuple(path.read_bytes() for path in bundle.models),
        rule=rule,
        labels=manifest.output.labels,
        offset=decision.offset,
        second_look=decision.second_look,
    )


def _of_run(workdir: Path, *, first: bool) -> list[Contender]:
    # TensorFlow is loaded only where a run is compared.
    from training.int8_run import Int8Run  # noqa: PLC0415

    run = Int8Run(workdir)
    rule, name = run.prepared.about.rule, workdir.name
    found = []
    if first or not run.aware:
        found.append(Contender(f"{name} {FLOAT}", (_float_file(run.model),), rule))
    found.append(Contender(f"{name} {AWARE if run.aware else AFTER}", (run.int8,), rule))
    return found


def _float_file(model: Any) -> bytes:
    """A Keras model as a .tflite file in float32: the same graph without quantisation."""
    from training.backend import tf  # noqa: PLC0415

    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
