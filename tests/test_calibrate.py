# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from numpy.typing import NDArray

from device.bundle.manifest import ClassifierDecision, Fitting
from device.classifier import calibrated, logit
from device.imaging import second_view
from device.records import FaceCrop
from training.calibrate import (
    MAX_LEAD,
    MAX_OFFSET,
    MIN_COVERAGE,
    TARGET_ACCURACY,
    choose_threshold,
    decide,
    fit_offset,
    fit_temperature,
    logits,
    looked_twice,
    probabilities,
)
from training.metrics import figure


def overconfident(n: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Logits that are `temperature` times what their labels justify."""
    rng = np.random.default_rng(5)
    honest = rng.normal(0, 2, n)
    female = rng.uniform(size=n) < 1 / (1 + np.exp(-honest))
    return honest * temperature, female


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_fit_finds_the_temperature(temperature: float) -> None:
    scores, female = overconfident(40_000, temperature)
    assert fit_temperature(scores, female) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("offset", [0.0, 0.3125, -1.7, 5.0])
@pytest.mark.parametrize("temperature", [0.2, 1.0, 1.7])
def test_training_decides_as_the_device_does(offset: float, temperature: float) -> None:
    """Over every output there is: the same probability, and the same label, ties included."""
    scale, zero = 1 / 256, -128
    decision = ClassifierDecision(
        temperature=temperature, min_confidence=0.5, min_face_pixels=0, offset=offset
    )
    raw = np.array([(female, -1 - female) for female in range(-128, 128)], np.int8)
    ours = probabilities(logits(raw, scale, zero), decision)
    theirs = [
        calibrated(
            logit((int(female) - zero) * scale, (int(male) - zero) * scale, scale),
            temperature=temperature,
            offset=offset,
        )
        for female, male in raw
    ]
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert ((ours >= 0.5) == (np.array(theirs) >= 0.5)).all()


def test_a_tie_is_female_in_training_and_on_the_device() -> None:
    raw = np.array([[0, 0]], np.int8)
    decision = ClassifierDecision(temperature=0.7, min_confidence=0.5, min_face_pixels=0)
    assert probabilities(logits(raw, 1 / 256, -128), decision)[0] == 0.5
    assert calibrated(logit(0.5, 0.5, 1 / 256), temperature=0.7) == 0.5


def test_only_doubtful_crops_are_looked_at_twice() -> None:
    """A "model" whose logit is the left half's brightness less a bit of the right half's."""
    asked = []

    def scored(crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        asked.append(len(crops))
        return crops[:, 0, 0, 0] / 10 - crops[:, 0, 1, 0] / 20

    crops = np.zeros((4, 2, 2, 3), np.uint8)
    crops[:, :, 0], crops[:, :, 1] = np.array([[100], [20], [4], [30]])[..., None], 20
    crops[3, :, 1] = 90
    assert looked_twice([scored], crops, 0.0).tolist() == [9, 1, -0.6, -1.5]
    assert asked == [4]
    again = scored(np.stack([second_view(FaceCrop(crop)) for crop in crops[1:3]]))
    expected = [9, (1 + again[0]) / 2, (-0.6 + again[1]) / 2, -1.5]
    assert looked_twice([scored], crops, 1.5) == pytest.approx(expected)
    assert asked == [4, 2, 4, 2]


def test_every_model_looks_again_at_a_view_with_the_margin() -> None:
    rng = np.random.default_rng(3)
    around = rng.integers(0, 256, (5, 40, 40, 3), np.uint8)
    crops = [FaceCrop(one, 4) for one in around]

    def bright(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        assert pixels.shape[1:] == (32, 32, 3)
        levels: NDArray[np.float64] = pixels.mean(axis=(1, 2, 3))
        return levels - 127

    def top(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        levels: NDArray[np.float64] = pixels[:, :4].mean(axis=(1, 2, 3))
        return levels / 10

    first = bright(np.stack([crop.pixels for crop in crops]))
    within = float(np.median(np.abs(first)))
    views = np.stack([second_view(crop) for crop in crops])
    all_looks = (first + bright(views) + top(views)) / 3
    expected = np.where(np.abs(first) < within, all_looks, first)
    assert looked_twice([bright, top], around, within, margin=4) == pytest.approx(expected)
    assert 0 < (expected != first).sum() < len(first)


def recalls(scores: np.ndarray, female: np.ndarray, offset: float) -> tuple[float, float]:  # type: ignore[type-arg]
    said = scores >= offset
    return float(said[female].mean()), float((~said[~female]).mean())


@pytest.mark.parametrize("women", [2000, 300])
@pytest.mark.parametrize("bias", [-1.2, 0.0, 0.6])
def test_the_offset_lets_women_lead_by_a_point_at_most(bias: float, women: int) -> None:
    """Whatever the bias and however few the women: no more women would be found within the lead."""
    rng = np.random.default_rng(8)
    female = np.arange(women + 2000) < women
    scores = np.where(female, 1.5, -1.5) + rng.normal(0, 1.5, len(female)) + bias
    offset = fit_offset(scores, female)
    found_women, found_men = recalls(scores, female, offset)
    assert -1e-9 <= found_women - found_men <= MAX_LEAD + 1e-9
    beyond = np.sort(scores[female & (scores < offset)])[-1]  # one woman more
    more_women, fewer_men = recalls(scores, female, float(beyond))
    assert more_women > found_women
    assert more_women - fewer_men > MAX_LEAD + 1e-9
    assert offset == pytest.approx(bias, abs=0.35)
    assert not np.isin(offset, scores)


def test_an_even_model_keeps_its_even_point() -> None:
    scores = np.array([-2.0, -1.0, 0.5, 1.0, -0.4, 3.0])
    assert fit_offset(scores, scores >= 0) == 0.0
    assert fit_offset(scores, np.ones(6, np.bool_)) == 0.0  # nothing to even out


def test_a_lead_that_few_pictures_do_not_allow_is_not_taken() -> None:
    """Ten women and ten men overlap by one each: even is the nearest to the rule."""
    female = np.arange(20) < 10
    distance = np.tile(np.arange(1.0, 11.0), 2)
    scores = np.where(female, distance, -distance)
    scores[[0, 10]] = -0.5, 0.5
    assert recalls(scores, female, fit_offset(scores, female)) == (0.9, 0.9)


def test_the_offset_stays_within_what_a_bundle_may_say() -> None:
    female = np.array([True, True, False, False])
    assert abs(fit_offset(np.array([6.0, 6.2, 5.9, 5.8]), female)) <= MAX_OFFSET


def test_a_decision_is_fitted_in_its_order() -> None:
    """Offset first, then the temperature of what is left, then the threshold under both."""
    honest, female = overconfident(20_000, 1.0)
    offset = fit_offset(honest * 2 + 1.5, female)
    decision = decide(honest * 2 + 1.5, female, offset=offset, min_face_pixels=40)
    assert decision.offset == pytest.approx(1.5, abs=0.15)
    assert decision.temperature == pytest.approx(2, rel=0.06)
    assert decision.min_face_pixels == 40
    assert decision.fitting == Fitting(MAX_LEAD, TARGET_ACCURACY, MIN_COVERAGE)
    female_probability = probabilities(honest * 2 + 1.5, decision)
    confidence = np.maximum(female_probability, 1 - female_probability)
    assert (confidence >= decision.min_confidence).mean() >= 0.85


def test_threshold_is_the_smallest_that_reaches_the_target() -> None:
    """A fifth of the pictures is hard (70 % right), the rest easy (98 %): part of it must go."""
    rng = np.random.default_rng(6)
    scores = rng.uniform(-5, 5, 20_000)
    right = rng.uniform(size=20_000) < np.where(np.abs(scores) < 1, 0.70, 0.98)
    female = (scores >= 0) == right
    threshold = choose_threshold(scores, female, 1.0)
    confidence = 1 / (1 + np.exp(-np.abs(scores)))
    answered = confidence >= threshold
    assert 0.5 < threshold < 1 / (1 + np.exp(-1))
    # The threshold is rounded down to four digits.
    assert figure(int(right[answered].sum()), int(answered.sum())).low >= TARGET_ACCURACY - 0.0005
    assert answered.mean() >= 0.85
    more = confidence >= threshold - 0.02
    assert figure(int(right[more].sum()), int(more.sum())).low < TARGET_ACCURACY


def test_few_pictures_ask_for_more_certainty() -> None:
    """The same shares of right answers are worth less when they were counted on fewer pictures."""
    rng = np.random.default_rng(8)
    scores = rng.uniform(-5, 5, 2000)
    right = rng.uniform(size=2000) < np.where(np.abs(scores) < 1, 0.82, 0.98)
    female = (scores >= 0) == right
    many = choose_threshold(np.tile(scores, 25), np.tile(female, 25), 1.0)
    assert choose_threshold(scores, female, 1.0) > many


def test_threshold_keeps_the_coverage_where_the_target_is_out_of_reach() -> None:
    rng = np.random.default_rng(7)
    scores = rng.normal(0, 1, 5000)
    female = rng.uniform(size=5000) < 0.5
    threshold = choose_threshold(scores, female, 1.0)
    confidence = 1 / (1 + np.exp(-np.abs(scores)))
    assert (confidence >= threshold).mean() == pytest.approx(0.85, abs=0.005)


def test_a_model_that_is_always_right_is_never_unsure() -> None:
    scores = np.array([-3.0, -0.1, 0.2, 4.0])
    assert choose_threshold(scores, scores >= 0, 1.0) <= 1 / (1 + np.exp(-0.1))
