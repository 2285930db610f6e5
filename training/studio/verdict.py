# SPDX-License-Identifier: Apache-2.0
"""Whether what an inspection found can be trained on, in one sentence where it cannot."""

from collections import Counter
from typing import Final, get_args

from training.datasets.base import LabelledGender
from training.datasets.linting import Inspection

# Of the pictures 6 in 100 are held out to choose the epoch and as many to calibrate: with fewer
# than so many, one of the two is easily empty.
FEWEST_PICTURES: Final = 80


def by_gender(inspection: Inspection) -> Counter[str]:
    """How many readable pictures each label has."""
    counted = Counter[str]()
    for count in inspection.counts:
        counted[count.perceived_gender] += count.pictures
    return counted


def objection(inspection: Inspection) -> str:
    """Why it cannot be trained on, in one sentence; "" where it can."""
    counted = by_gender(inspection)
    if inspection.pictures < FEWEST_PICTURES:
        many = f"{inspection.pictures} labelled picture" + "s" * (inspection.pictures != 1)
        return (
            f"{many} that can be read, expected at least {FEWEST_PICTURES} to train on some and "
            "judge by others; add more"
        )
    missing = [label for label in get_args(LabelledGender) if not counted[label]]
    if missing:
        there = next(iter(counted))
        return (
            f"All {inspection.pictures} pictures are labelled {there}, expected some labelled "
            f"{missing[0]} too; add those"
        )
    return ""
