# SPDX-License-Identifier: Apache-2.0
"""Measures a bundle through the device's own code: the whole path, or on prepared crops."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bundle.manifest import EvaluatedSet
from device.classifier import Classifier
from device.detector import Detector
from device.errors import DatasetError, InputError
from device.pictures import decode
from device.records import FEMALE, MALE, UNSURE, FaceCrop, Perception
from training import metrics
from training.datasets import Dataset, Sample
from training.metrics import Outcome

WHOLE_PATH = "whole path: detect, align, classify; a face not found counts as wrong"


def whole_path(
    dataset: Dataset,
    *,
    detector: Detector,
    classifier: Classifier,
    progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter,
) -> list[Outcome]:
    """One outcome for each labelled picture, as `passerby classify` would see it: its largest face.

    Args:
        dataset: labelled pictures, none of which the model has seen.
        detector, classifier: the bundles under test.
        progress: wraps the iteration, e.g. with a progress bar.

    Raises:
        DatasetError: there is no picture at all.
    """
    if not dataset.samples:
        raise DatasetError(f"no labelled picture in {dataset.name}; `training inspect` says why")
    return [_outcome(dataset, s, detector, classifier) for s in progress(dataset.samples)]


def _outcome(
    dataset: Dataset, sample: Sample, detector: Detector, classifier: Classifier
) -> Outcome:
    perception: Perception | None = None
    try:
        pixels = decode(dataset.read(sample), name=sample.name)
    except InputError:  # cannot be shown to the model: wrong, like a face that is not found
        faces: tuple[Any, ...] = ()
    else:
        faces = detector.find_in_still(pixels)
    if faces:
        perception = classifier.perceive(classifier.crop(pixels, faces[0]))
    return Outcome(
        name=sample.name,
        truth=sample.perceived_gender,
        race=sample.race,
        age_band=sample.age_band,
        female=None if perception is None else perception.female,
        sure=perception is not None and perception.label != UNSURE,
    )


def int8_outputs(classifier: Classifier, crops: Iterable[NDArray[np.uint8]]) -> NDArray[np.int8]:
    """The model's outputs for crops (uint8[s, s, 3] each): int8[n, 2], female first."""
    labels = classifier.bundle.manifest.output.labels
    order = [labels.index(FEMALE), labels.index(MALE)]
    outputs = [classifier.raw(FaceCrop(np.ascontiguousarray(crop)))[order] for crop in crops]
    stacked: NDArray[np.int8] = np.stack(outputs)
    return stacked


def summarise(name: str, method: str, outcomes: list[Outcome]) -> EvaluatedSet:
    """The figures of one test set, as they stand in a bundle."""
    answered = [outcome for outcome in outcomes if outcome.sure]
    return EvaluatedSet(
        name=name,
        method=method,
        accuracy=metrics.accuracy(outcomes),
        groups=metrics.by_group(outcomes),
        coverage=metrics.figure(len(answered), len(outcomes)),
        accuracy_answered=metrics.accuracy(answered),
        ece=round(metrics.calibration_error(outcomes), 4),
    )
