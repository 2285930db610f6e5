# SPDX-License-Identifier: Apache-2.0
"""UTKFace: the labels are in the names, `age_gender_race_date.jpg`.

Gender 0 is male, 1 female; race 0 White, 1 Black, 2 Asian, 3 Indian, 4 Other. Source: Zhang, Song
and Qi, "Age Progression/Regression by Conditional Adversarial Autoencoder", CVPR 2017. Names end in
`.jpg` or `.jpg.chip.jpg`; the date may be missing (`24_0_1.jpg`). A few published names are
malformed.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from training.datasets.base import Fault, LabelledGender, Labels, Sample
from training.datasets.wording import MAX_AGE_YEARS, UTKFACE_RACES, band_of_years

EXPECTED = "age_gender_race_date.jpg"
_GENDERS: dict[str, LabelledGender] = {"0": "male", "1": "female"}
_LOOKS_LIKE = re.compile(r"[0-9]{1,3}_[0-9]")


def looks_like(name: str) -> bool:
    """Whether a name begins as UTKFace's do, well formed or not."""
    return _LOOKS_LIKE.match(PurePosixPath(name).name) is not None


def read_labels(names: Sequence[str]) -> Labels:
    """The labels in `names`; a malformed name is a fault."""
    samples: list[Sample] = []
    faults: list[Fault] = []
    for name in names:
        result = parse(name)
        if isinstance(result, Sample):
            samples.append(result)
        else:
            faults.append(result)
    return Labels(tuple(samples), tuple(faults))


def parse(name: str) -> Sample | Fault:
    """The labels in one name, or what is wrong with it."""
    parts = PurePosixPath(name).name.split(".")[0].split("_")
    if len(parts) not in (3, 4):
        return Fault(name, f"{len(parts)} parts in the name, {EXPECTED} has 3 or 4")
    age, gender, race = parts[:3]
    if not re.fullmatch(r"[0-9]{1,3}", age) or int(age) > MAX_AGE_YEARS:
        return Fault(name, f"age {age!r} in the name, 0 to {MAX_AGE_YEARS} expected in {EXPECTED}")
    if gender not in _GENDERS:
        return Fault(name, f"gender {gender!r} in the name, 0 (male) or 1 (female) expected")
    if not re.fullmatch(r"[0-4]", race):
        return Fault(name, f"race {race!r} in the name, 0 to 4 expected in {EXPECTED}")
    years = int(age)
    return Sample(
        name, _GENDERS[gender], band_of_years(years), age_years=years, race=UTKFACE_RACES[int(race)]
    )
