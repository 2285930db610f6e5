# SPDX-License-Identifier: Apache-2.0
"""Measures a bundle through the device's own code: the whole path, or on prepared crops."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.bundle.manifest import EvaluatedSet
from device.classifier import Classifier
from device.detector import Detector
from device.errors import DatasetError, InputError
from device.pictures import decode
from device.records import UNSURE, Perception
from training import metrics, operating
from training.datasets import Dataset, Sample
from training.datasets.linting import Progress
from training.datasets.selecting import Dropped, select
from training.metrics import Outcome

WHOLE_PATH = "whole path: detect, align, classify; a face not found counts as wrong"


@dataclass(frozen=True, slots=True)
class Measured:
    """One test set: its figures, what came of each picture, and which pictures were left out."""

    figures: EvaluatedSet
    outcomes: list[Outcome]
    dropped: tuple[Dropped, ...] = ()


def measure(
    dataset: Dataset,
    *,
    detector: Detector,
    classifier: Classifier,
    from_age: int | None = None,
    progress: Progress = iter,
) -> Measured:
    """Measure a bundle over the whole path on the pictures of a dataset that count.

    Args:
        dataset: labelled pictures, none of which the model has seen.
        detector, classifier: the bundles under test.
        from_age: the lowest age in years that counts; see training/datasets/selecting.py.
        progress: wraps the iteration, e.g. with a progress bar.

    Raises:
        DatasetError: there is no picture that counts.
    """
    chosen = select(dataset, from_age=from_age)
    outcomes = whole_path(
        dataset,
        samples=chosen.samples,
        detector=detector,
        classifier=classifier,
        progress=progress,
    )
    ages = "" if from_age is None else f"ages {from_age} and up"
    method = "; ".join(part for part in (WHOLE_PATH, ages, chosen.in_words()) if part)
    name = Path(dataset.name).name
    return Measured(summarise(name, method, outcomes), outcomes, chosen.dropped)


def whole_path(
    dataset: Dataset,
    *,
    detector: Detector,
    classifier: Classifier,
    samples: Sequence[Sample] | None = None,
    progress: Progress = iter,
) -> list[Outcome]:
    """One outcome for each labelled picture, as `passerby classify` would see it: its largest face.

    Args:
        dataset: labelled pictures, none of which the model has seen.
        detector, classifier: the bundles under test.
        samples: those of the dataset's pictures that count; by default all.
        progress: wraps the iteration, e.g. with a progress bar.

    Raises:
        DatasetError: there is no picture at all.
    """
    counted = dataset.samples if samples is None else samples
    if not counted:
        raise DatasetError(
            f"no labelled picture in {dataset.name} that counts; `training inspect` says why"
        )
    return [_outcome(dataset, s, detector, classifier) for s in progress(counted)]


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
        age_years=sample.age_years,
    )


def summarise(name: str, method: str, outcomes: list[Outcome]) -> EvaluatedSet:
    """The figures of one test set, as they stand in a bundle."""
    answered, accuracy_answered = operating.coverage(outcomes)
    return EvaluatedSet(
        name=name,
        method=method,
        accuracy=metrics.accuracy(outcomes),
        groups=metrics.by_group(outcomes),
        coverage=answered,
        accuracy_answered=accuracy_answered,
        ece=round(metrics.calibration_error(outcomes), 4),
    )
