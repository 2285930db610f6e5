# SPDX-License-Identifier: Apache-2.0
"""Colours can be read by all eyes: contrast, and distance between answers with colour blindness."""

from itertools import combinations

import numpy as np
import pytest
from kiosks import rgb
from numpy.typing import NDArray

from device.overlay.theme import PLAIN, fitting, font_of

# Machado, Oliveira and Fernandes 2009 (doi 10.1109/TVCG.2009.113), severity 1.0, on linear RGB.
EYES = {
    "ordinary": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
ANSWERS = (PLAIN.female, PLAIN.male, PLAIN.unsure)


def linear(colour: str) -> NDArray[np.float64]:
    share = np.array(rgb(colour)) / 255
    result: NDArray[np.float64] = np.where(
        share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4
    )
    return result


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: relative luminances, from 1 (none) to 21 (black on white)."""
    weights = (0.2126, 0.7152, 0.0722)
    dark, light = sorted(float(linear(colour) @ weights) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", ANSWERS)
def test_labels_are_easily_read(colour: str) -> None:
    assert contrast(PLAIN.ink, colour) >= 7


@pytest.mark.parametrize("colour", [PLAIN.paper, PLAIN.muted, *ANSWERS])
def test_words_and_swatches_stand_out_from_their_grounds(colour: str) -> None:
    assert contrast(colour, PLAIN.ground) >= 7
    assert contrast(colour, PLAIN.plain) >= 4.5


@pytest.mark.parametrize("eyes", EYES)
def test_answers_differ_to_all_eyes(eyes: str) -> None:
    shades = [np.clip(EYES[eyes] @ linear(colour), 0, 1) ** (1 / 2.2) * 255 for colour in ANSWERS]
    for one, other in combinations(shades, 2):
        assert np.linalg.norm(one - other) > 70


def test_words_get_smaller_until_they_fit() -> None:
    assert fitting("hello", size=30, width=1000) is font_of(30)
    small = fitting("hello" * 5, size=30, width=120)
    assert small.getlength("hello" * 5) <= 120
    assert fitting("hello" * 50, size=30, width=1) is font_of(6)
