# SPDX-License-Identifier: Apache-2.0
"""Fits a bundle's decision on held-out crops, and compares int8 with float there."""

import functools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.bundle.manifest import ClassifierDecision, Quantisation
from device.classifier import Classifier, Network
from device.detector import Detector
from device.records import FaceCrop
from training import calibrate
from training.compare import of_dataset
from training.data import LABELS, as_float, targets
from training.datasets import Dataset
from training.evaluate import Measured, summarise
from training.metrics import Outcome
from training.prepared import Prepared

MIN_FACE_PIXELS: Final = 40
METHOD: Final = "held out from training (offset, temperature and threshold were fitted here)"
# The offset is a difference of two recalls, which few pictures give badly: 800 women and 800 men
# leave it uncertain by 1.4 points. So the decision is fitted on all that was held out.
SPLITS: Final = ("select", "calibrate")


def calibrated(
    classifier: Classifier, models: Sequence[Any], prepared: Prepared
) -> tuple[ClassifierDecision, Quantisation, Measured]:
    """Fit the decision, then measure int8 against float under it on the calibrate split.

    Args:
        classifier: the int8 model; of its own decision only `second_look` is used.
        models: the float model, and that of the second one where there is one.
        prepared: the folder that they were trained on.
    """
    within, crops = classifier.decision.second_look, prepared.crops(classifier.rule.margin)
    scores = {split: int8_scores(classifier, crops[prepared.indices(split)]) for split in SPLITS}
    women = {split: _women(prepared, split) for split in SPLITS}
    all_scores, all_women = (np.concatenate(list(each.values())) for each in (scores, women))
    decision = calibrate.decide(
        all_scores,
        all_women,
        offset=calibrate.fit_offset(all_scores, all_women),
        min_face_pixels=MIN_FACE_PIXELS,
        second_look=within,
    )
    female = calibrate.probabilities(scores["calibrate"], decision)
    indices = prepared.indices("calibrate")
    floating = float_scores(models, crops[indices], within, classifier.rule.margin)
    quantisation = compared(female, calibrate.probabilities(floating, decision), women["calibrate"])
    outcomes = [
        _outcome(prepared, int(i), float(one), decision.min_confidence)
        for i, one in zip(indices, female, strict=True)
    ]
    name = f"{', '.join(prepared.about.datasets)}, calibrate split"
    return decision, quantisation, Measured(summarise(name, METHOD, outcomes), outcomes)


def compared_on(
    dataset: Dataset, classifier: Classifier, models: Sequence[Any], *, detector: Detector
) -> Quantisation:
    """int8 against float on the found faces of a test set, under the classifier's own decision.

    Args:
        dataset: labelled pictures, none of which the model has seen.
        classifier: the int8 model with its decision.
        models: the float model, and that of the second one where there is one.
        detector: finds the faces.
    """
    pictures = of_dataset(dataset, detector, (classifier.rule,))
    crops = pictures.crops[classifier.rule]
    decision = classifier.decision
    return compared(
        calibrate.probabilities(int8_scores(classifier, crops), decision),
        calibrate.probabilities(
            float_scores(models, crops, decision.second_look, classifier.rule.margin), decision
        ),
        pictures.women,
    )


def compared(
    int8: NDArray[np.float64], floating: NDArray[np.float64], women: NDArray[np.bool_]
) -> Quantisation:
    """int8 against float on the same crops.

    Args:
        int8, floating: float64[n], each one's probability of "female".
        women: bool[n], whether that is the label.
    """
    ours, theirs = int8 >= 0.5, floating >= 0.5
    return Quantisation(
        n=len(women),
        float_accuracy=round(float((theirs == women).mean()), 5),
        int8_accuracy=round(float((ours == women).mean()), 5),
        same_label=round(float((ours == theirs).mean()), 5),
    )


def float_scores(
    models: Sequence[Any], crops: NDArray[np.uint8], second_look: float, margin: int
) -> NDArray[np.float64]:
    """Logits of "female" for crops with their margin, float64[n]; see `calibrate.looked_twice`."""
    looks = [functools.partial(float_look, model) for model in models]
    return calibrate.looked_twice(looks, crops, second_look, margin=margin)


def int8_scores(classifier: Classifier, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of "female" of a bundle for crops with their margin, float64[n]."""
    looks = [functools.partial(int8_look, network) for network in classifier.networks]
    within, margin = classifier.decision.second_look, classifier.rule.margin
    return calibrate.looked_twice(looks, crops, within, margin=margin)


def float_look(model: Any, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of "female" of one look of a Keras model at uint8[n, size, size, 3], float64[n]."""
    return calibrate.float_logits(model.predict(as_float(crops), batch_size=128, verbose=0))


def int8_look(network: Network, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of "female" of one look of a network at uint8[n, size, size, 3], float64[n]."""
    looks = (network.raw(FaceCrop(np.ascontiguousarray(crop))) for crop in crops)
    return np.array([network.logit(outputs) for outputs in looks])


def _women(prepared: Prepared, split: str) -> NDArray[np.bool_]:
    return np.asarray(targets(prepared, prepared.indices(split)) == LABELS.index("female"))


def _outcome(prepared: Prepared, index: int, female: float, threshold: float) -> Outcome:
    row = prepared.rows[index]
    return Outcome(
        name=row.name,
        truth=row.perceived_gender,
        race=row.race,
        age_band=row.age_band,
        female=female,
        sure=max(female, 1 - female) >= threshold,
    )
