# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from device.classifier import calibrated
from training.calibrate import choose_threshold, fit_temperature, logits


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


def test_logits_are_those_of_the_device() -> None:
    """Training fits on what the device computes: both ways to a probability agree."""
    scale, zero = 1 / 256, -128
    for female in range(-128, 128, 5):
        raw = np.array([[female, -1 - female]], np.int8)
        score = logits(raw, scale, zero)[0]
        ours = 1 / (1 + np.exp(-score / 1.7))
        device = calibrated((female + 128) * scale, (127 - female) * scale, scale, temperature=1.7)
        assert ours == pytest.approx(device, abs=1e-12)


def test_threshold_is_the_smallest_that_reaches_the_target() -> None:
    """A fifth of the pictures is hard (70 % right), the rest easy (97 %): part of it must go."""
    rng = np.random.default_rng(6)
    scores = rng.uniform(-5, 5, 20_000)
    right = rng.uniform(size=20_000) < np.where(np.abs(scores) < 1, 0.70, 0.97)
    female = (scores >= 0) == right
    threshold = choose_threshold(scores, female, 1.0)
    confidence = 1 / (1 + np.exp(-np.abs(scores)))
    answered = confidence >= threshold
    assert 0.5 < threshold < 1 / (1 + np.exp(-1))
    assert right[answered].mean() >= 0.9495  # the threshold is rounded down to four digits
    assert answered.mean() >= 0.85
    assert right[confidence >= threshold - 0.02].mean() < 0.95


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
