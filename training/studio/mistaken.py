# SPDX-License-Identifier: Apache-2.0
"""The crops of mistakes for showing on this machine: from the prepared folder or the test set."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.errors import PasserbyError
from training.evaluate import Measured
from training.metrics import Outcome
from training.prepared import Prepared
from training.studio.home import Home
from training.studio.judging import crop_index, fitted_here
from training.studio.markup import Figure
from training.studio.opened import eyes
from training.studio.shelf import crop_uri, shelf_of


class Crops:
    """Finds the crop that an outcome was given for.

    Args:
        home: the studio's folder, whose datasets may be test sets.
        prepared: where the held-out crops are.
        classifier: the bundle, which cuts the faces of test sets.
    """

    def __init__(self, home: Home, prepared: Prepared, *, classifier: Bundle) -> None:
        self._home, self._prepared, self._bundle = home, prepared, classifier

    def of(self, measured: Measured, one: Outcome) -> NDArray[np.uint8] | None:
        """The crop, uint8[size, size, 3 or 1]; None where the pictures are gone."""
        if fitted_here(measured):
            index = crop_index(self._prepared, one)
            return None if index is None else self._prepared.crops()[index]
        named = (d for d in self._home.datasets() if d.source.name == measured.figures.name)
        dataset = next(named, None)
        if dataset is None:
            return None
        try:
            data = shelf_of(dataset).read(one.name)
            faces = eyes(self._bundle.path).look(data, name=one.name).faces
        except PasserbyError:  # changed since it was measured: the caption stays
            return None
        return faces[0].crop if faces else None


def figures(crops: Crops, measured: Measured, chosen: Iterable[Outcome]) -> Iterator[Figure]:
    """The chosen mistakes with what was said and what they are labelled."""
    for one in chosen:
        crop = crops.of(measured, one)
        said = "male" if one.truth == "female" else "female"
        age = f"aged {one.age_years}" if one.age_years is not None else one.age_band
        labels = ", ".join(word for word in (one.truth, one.race, age) if word)
        unsure = "" if one.sure else ", given as unsure"
        yield Figure(
            None if crop is None else crop_uri(crop),
            f"said {said}, {one.confidence:.0%}{unsure}",
            f"labelled {labels}",
            title=one.name,
        )
