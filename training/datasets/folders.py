# SPDX-License-Identifier: Apache-2.0
"""Pictures sorted into folders named female and male, women and men, f and m, ..."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from training.datasets.base import Fault, LabelledGender, Labels, Sample
from training.datasets.wording import gender_of


def gender_by_folder(name: str) -> LabelledGender | None:
    """What the nearest folder above a picture says, or None where none says anything."""
    for folder in PurePosixPath(name).parent.parts[::-1]:
        gender = gender_of(folder)
        if gender is not None:
            return gender
    return None


def read_labels(names: Sequence[str]) -> Labels:
    """The labels of `names`; a picture outside such folders is a fault."""
    samples: list[Sample] = []
    faults: list[Fault] = []
    for name in names:
        gender = gender_by_folder(name)
        if gender is None:
            faults.append(Fault(name, "in no folder that names perceived gender (female, male)"))
        else:
            samples.append(Sample(name, gender))
    return Labels(tuple(samples), tuple(faults))
