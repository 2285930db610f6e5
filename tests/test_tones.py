# SPDX-License-Identifier: Apache-2.0
"""How light faces are, and the weights that part it from their labels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.prepared import Prepared
from training.tones import BINS, evened, lights


def test_a_darker_print_of_real_faces_is_darker(prepared_faces: Prepared) -> None:
    crops = prepared_faces.crops()[prepared_faces.indices("train")]
    light = lights(crops)
    assert (lights((crops // 2).astype(np.uint8)) < light).all()
    assert light.std() > 10


@pytest.fixture(scope="module")
def biased() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Dark faces of label 1 three times in four, light ones of label 0 as often."""
    random = np.random.default_rng(0)
    light = random.uniform(0, 255, 8000).astype(np.float32)
    labels = (random.random(8000) > 0.25 + 0.5 * light / 255).astype(np.int64)
    return light, labels


def test_each_label_weighs_alike_wherever_it_is_dark_or_light(
    biased: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> None:
    light, labels = biased
    weights = evened(light, labels)
    assert weights.mean() == pytest.approx(1, abs=1e-5)
    assert np.corrcoef(light, labels)[0, 1] < -0.2
    order = light.argsort()
    for part in np.array_split(order, BINS):
        shares = [weights[part][labels[part] == kind].sum() for kind in (0, 1)]
        # An edge may fall to either side of one crop.
        assert shares[0] == pytest.approx(shares[1], rel=0.02)
    dark = order[: len(order) // 10]
    assert weights[dark][labels[dark] == 0].mean() > 1.3
    assert weights[dark][labels[dark] == 1].mean() < 0.85


def test_a_bin_of_one_label_keeps_its_weight() -> None:
    light = np.arange(40, dtype=np.float32)
    weights = evened(light, np.array([0] * 2 + [0, 1] * 19, np.int64))
    assert weights[:2].tolist() == [1, 1]
    assert set(weights[2:].tolist()) == {1}


def test_faces_that_are_all_alike_only_have_their_labels_evened() -> None:
    weights = evened(np.full(8, 3, np.float32), np.array([0, 0, 0, 0, 0, 0, 1, 1], np.int64))
    assert weights.tolist() == pytest.approx([8 / 12] * 6 + [2] * 2)
