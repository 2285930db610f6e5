# SPDX-License-Identifier: Apache-2.0
import copy
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from device.bundle import open_bundle
from device.classifier import Classifier, calibrated, logit
from device.detector import Detector
from device.errors import BundleError
from device.imaging import second_view
from device.records import FaceCrop

STEP = 1 / 256


def test_the_logit_is_taken_back_from_the_outputs() -> None:
    assert logit(0.9, 0.1, STEP) == pytest.approx(math.log(9))
    assert logit(0.5, 0.5, STEP) == 0
    # An output of zero is not certainty.
    assert logit(1.0, 0.0, STEP) == -logit(0.0, 1.0, STEP) == pytest.approx(math.log(512))


def test_calibrated_divides_the_logit() -> None:
    assert calibrated(math.log(9), temperature=1.0) == pytest.approx(0.9)
    halved = 1 / (1 + math.exp(-math.log(9) / 2))
    assert calibrated(math.log(9), temperature=2.0) == pytest.approx(halved)
    assert calibrated(0.0, temperature=0.3) == 0.5
    # No bundle's numbers are too steep to compute.
    assert calibrated(-6.0, temperature=1e-6) == pytest.approx(0.0)


def test_the_offset_moves_the_even_point() -> None:
    assert calibrated(0.7, temperature=0.7, offset=0.7) == 0.5
    assert calibrated(0.4, temperature=1.0, offset=0.5) < 0.5
    assert calibrated(-0.4, temperature=1.0, offset=-0.5) > 0.5


def test_an_offset_in_the_bundle_turns_the_labels_between(classifier: Classifier) -> None:
    """Outputs whose logit lies between 0 and the offset change sides; ties stay "female"."""
    decision = msgspec.structs.replace(classifier.decision, offset=0.5, min_confidence=0.5)
    moved = copy.copy(classifier)
    moved.decision = decision
    labels = classifier.bundle.manifest.output.labels
    turned = 0
    for value in range(-128, 128):
        raw = np.array([{"female": value, "male": -1 - value}[one] for one in labels], np.int8)
        score = classifier.first.logit(raw)
        before, after = classifier.judge(score).female, moved.judge(score)
        if before >= 0.5 and after.female < 0.5:
            turned += 1
        assert after.female < before
        assert after.label == ("female" if after.female >= 0.5 else "male")
    assert turned > 10


def test_judge_says_unsure_below_the_threshold(classifier: Classifier) -> None:
    decision = classifier.decision
    labels = classifier.bundle.manifest.output.labels
    seen = set()
    for female in range(-128, 128):
        raw = {"female": female, "male": -1 - female}
        score = classifier.first.logit(np.array([raw[label] for label in labels], np.int8))
        perception = classifier.judge(score)
        assert perception.female + perception.male == pytest.approx(1)
        if perception.confidence < decision.min_confidence:
            assert perception.label == "unsure"
        else:
            assert perception.label == ("female" if perception.female >= 0.5 else "male")
        seen.add(perception.label)
    assert seen == {"female", "male", "unsure"}


def test_raw_hands_over_pixels_as_the_model_was_trained(classifier: Classifier) -> None:
    """int8 = pixel - 128: the tensor's own quantisation says what the float model saw."""
    interpreter = classifier.first.interpreter
    assert interpreter.input_scale == pytest.approx(1 / 128, rel=1e-4)
    assert interpreter.input_zero_point == 0
    crop = np.random.default_rng(3).integers(0, 256, interpreter.input_shape[1:], np.uint8)
    direct = interpreter.run((crop.astype(np.int16) - 128).astype(np.int8)[None])[0][0]
    assert np.array_equal(classifier.first.raw(FaceCrop(crop)), direct)


def test_a_doubtful_crop_is_looked_at_again_in_another_view(
    classifier: Classifier, detector: Detector, pictures: dict[str, NDArray[np.uint8]]
) -> None:
    within, again = 1.0, 0
    twice, once = copy.copy(classifier), copy.copy(classifier)
    twice.decision = msgspec.structs.replace(classifier.decision, second_look=within)
    once.decision = msgspec.structs.replace(classifier.decision, second_look=0.0)
    for pixels in list(pictures.values())[:80]:
        for face in detector.find_in_still(pixels)[:1]:
            crop = classifier.crop(pixels, face)
            other = FaceCrop(second_view(crop))
            first = classifier.first.logit(classifier.first.raw(crop))
            views = [network.logit(network.raw(other)) for network in classifier.networks]
            doubtful = abs(first) < within
            again += doubtful and first not in views
            score = (first + sum(views)) / (1 + len(views)) if doubtful else first
            assert twice.perceive(crop) == classifier.judge(score)
            assert once.perceive(crop) == classifier.judge(first)
    assert 2 <= again <= 40


def test_most_answers_on_unseen_faces_are_right(
    classifier: Classifier,
    detector: Detector,
    pictures: dict[str, NDArray[np.uint8]],
    faces_directory: Path,
) -> None:
    """The committed faces were never trained on; the bar leaves room for chance (n 154)."""
    rows = (faces_directory / "labels.csv").read_text().splitlines()[1:]
    truth = {Path(row.split(",")[0]).name: row.split(",")[2].lower() for row in rows}
    right = answered = 0
    for name, pixels in pictures.items():
        for face in detector.find_in_still(pixels)[:1]:
            label = classifier.perceive(classifier.crop(pixels, face)).label
            answered += label != "unsure"
            right += label == truth[name]
    assert answered >= 0.7 * len(pictures)
    assert right / answered >= 0.88


def test_a_detector_is_no_classifier(models_directory: Path) -> None:
    with pytest.raises(BundleError, match="expected a classifier"):
        Classifier(open_bundle(models_directory / "blazeface-short"))
