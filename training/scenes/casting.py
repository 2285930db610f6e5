# SPDX-License-Identifier: Apache-2.0
"""Takes the people of a scene from a labelled dataset, with credit to whose pictures they are."""

from functools import partial

from PIL import Image

from device.errors import InputError
from device.pictures import decode
from training.datasets import Dataset, Sample
from training.scenes.files import Credits
from training.scenes.generate import Portrait

FAIRFACE = Credits(
    attribution=(
        "Composed from pictures of the FairFace data set (Kimmo Kärkkäinen and Jungseock Joo, "
        "FairFace: Face Attribute Dataset for Balanced Race, Gender, and Age for Bias Measurement "
        "and Mitigation, WACV 2021), scaled, cut out and put on drawn bodies and backgrounds."
    ),
    licence="CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)",
)


def portraits(dataset: Dataset) -> tuple[Portrait, ...]:
    """Everyone in a dataset who may be cast.

    Raises:
        InputError: there is nobody.
    """
    if not dataset.samples:
        raise InputError(f"{dataset.name}: no labelled picture, expected at least one")
    return tuple(
        Portrait(sample.name, sample.perceived_gender, partial(_load, dataset, sample))
        for sample in dataset.samples
    )


def credits_for(dataset: Dataset) -> Credits:
    """What a scene must say about its pictures; of other sets only the name is known here."""
    if dataset.format == "fairface":
        return FAIRFACE
    return Credits(f"Composed from pictures of {dataset.name}.", "that of the pictures: see there")


def _load(dataset: Dataset, sample: Sample) -> Image.Image:
    return Image.fromarray(decode(dataset.read(sample), name=sample.name))
