# SPDX-License-Identifier: Apache-2.0
"""A finished training run to a bundle: quantise, calibrate, measure, record golden crops, write."""

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.bundle.manifest import (
    ATTRIBUTE,
    ClassifierDecision,
    Data,
    EvaluatedSet,
    Evidence,
    Golden,
    Input,
    Output,
    Quantisation,
)
from device.classifier import Classifier
from device.detector import Detector
from training import calibrate
from training.bundle_writer import BundleDraft, as_manifest, check_target, write_bundle
from training.card import card
from training.config import TrainConfig, read_config
from training.data import LABELS, as_float, targets
from training.datasets import Dataset
from training.evaluate import WHOLE_PATH, int8_outputs, summarise, whole_path
from training.finished import best
from training.golden import record
from training.metrics import Outcome
from training.prepared import Prepared, open_prepared
from training.quantise import to_int8
from training.report import write_report

MIN_FACE_PIXELS: Final = 40
HELD_OUT: Final = "held out from training (offset, temperature and threshold were fitted here)"


@dataclass(frozen=True, slots=True)
class Export:
    """What a bundle is to be.

    Attributes:
        workdir: a training run.
        target: the bundle's folder; its last part is the bundle's name.
        version: the bundle's version.
        golden: labelled pictures, none trained on, that may be published with the bundle.
        tests: labelled pictures for the evidence, none trained on; each is gone through once.
        licence: of the training data, as the card names it.
        known_gaps: what the training data lacks, for the card.
    """

    workdir: Path
    target: Path
    version: str
    golden: Dataset
    tests: Sequence[Dataset] = ()
    licence: str = "not stated"
    known_gaps: tuple[str, ...] = field(default=())


def export(
    order: Export, *, detector: Detector, progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Write the bundle of a training run; returns its folder.

    Args:
        order: what to write and on what to measure it.
        detector: finds the faces of the golden pictures and of the test sets.
        progress: told of every step in words.

    Raises:
        DatasetError: the run is not there or unfinished, or there are too few golden pictures.
        BundleError: the converted model is not what the device expects, or the target is a folder
            that is no bundle.
    """
    check_target(order.target)
    config = read_config(order.workdir)
    prepared = open_prepared(config.prepared)
    model = best(order.workdir)
    progress("quantising to int8")
    draft = _draft(order, config, prepared, quantised(model, config, prepared))
    with tempfile.TemporaryDirectory() as scratch:
        progress("calibrating on held-out crops")
        classifier = _classifier(Path(scratch), draft)
        decision, quantisation, held_out = calibrated(classifier, model, prepared)
        golden, files = record(classifier, order.golden, detector)
        draft = dataclasses.replace(draft, decision=decision, golden=golden, golden_files=files)
        classifier = _classifier(Path(scratch), draft)
        results = []
        for test in order.tests:
            progress(f"measuring the whole path on {test.name}")
            outcomes = whole_path(test, detector=detector, classifier=classifier)
            results.append((summarise(Path(test.name).name, WHOLE_PATH, outcomes), outcomes))
        results.append(held_out)
        report = Path(scratch) / "report"
        write_report(report, results, history=order.workdir / "history.csv")
        evidence = Evidence(tests=tuple(r[0] for r in results), quantisation=quantisation)
        text = card(
            f"{draft.name} {draft.version}",
            evidence=evidence,
            data=draft.data,
            decision=decision,
            method=_method(config, prepared),
        )
        final = dataclasses.replace(draft, evidence=evidence, report=report, card=text)
        return write_bundle(order.target, final)


def quantised(model: Any, config: TrainConfig, prepared: Prepared) -> bytes:
    """The int8 model: ranges from training crops, compared with float on the select split."""
    chosen = np.random.default_rng(config.seed).permutation(prepared.indices("train"))[:1000]
    crops = prepared.crops()
    return to_int8(model, crops[chosen], judges=crops[prepared.indices("select")])


def calibrated(
    classifier: Classifier, model: Any, prepared: Prepared
) -> tuple[ClassifierDecision, Quantisation, tuple[EvaluatedSet, list[Outcome]]]:
    """Fit the decision on the calibrate split, and compare int8 with float under it there.

    Args:
        classifier: the int8 model; its own decision is not used.
        model: the float model.
        prepared: the folder that it was trained on.
    """
    indices = prepared.indices("calibrate")
    crops, truth = prepared.crops()[indices], targets(prepared, indices)
    outputs = int8_outputs(classifier, crops)
    scores = calibrate.logits(outputs, classifier.output_scale, classifier.output_zero_point)
    women = truth == LABELS.index("female")
    decision = calibrate.decide(scores, women, min_face_pixels=MIN_FACE_PIXELS)
    female = calibrate.probabilities(scores, decision)
    float_female = calibrate.probabilities(_float_scores(model, crops), decision)
    quantisation = Quantisation(
        n=len(indices),
        float_accuracy=round(float(((float_female >= 0.5) == women).mean()), 5),
        int8_accuracy=round(float(((female >= 0.5) == women).mean()), 5),
        same_label=round(float(((female >= 0.5) == (float_female >= 0.5)).mean()), 5),
    )
    outcomes = [
        _outcome(prepared, int(i), float(one), decision.min_confidence)
        for i, one in zip(indices, female, strict=True)
    ]
    name = f"{', '.join(prepared.about.datasets)}, calibrate split"
    return decision, quantisation, (summarise(name, HELD_OUT, outcomes), outcomes)


def _float_scores(model: Any, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of "female" of the float model, float64[n]."""
    outputs = model.predict(as_float(crops), batch_size=128, verbose=0).astype(np.float64)
    logs = np.log(np.maximum(outputs, 1e-12))
    return np.asarray(logs[:, LABELS.index("female")] - logs[:, LABELS.index("male")])


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


def _classifier(folder: Path, draft: BundleDraft) -> Classifier:
    """The device's classifier over an unfinished bundle."""
    manifest = as_manifest(draft)
    (folder / manifest.file.name).write_bytes(draft.model)
    return Classifier(Bundle(folder, manifest))


def _draft(order: Export, config: TrainConfig, prepared: Prepared, model: bytes) -> BundleDraft:
    """What is known before anything was measured."""
    rule = prepared.about.rule
    rows = [prepared.rows[i] for i in prepared.indices("train")]
    counts = Counter(key for row in rows for key in (row.perceived_gender, row.race, row.age_band))
    return BundleDraft(
        name=order.target.name,
        version=order.version,
        task=ATTRIBUTE,
        producer=f"training export, {config.architecture}",
        model=model,
        input=Input(width=rule.size, height=rule.size, colour=rule.colour, dtype="int8", crop=rule),
        output=Output(labels=LABELS),
        decision=ClassifierDecision(temperature=1.0, min_confidence=0.5, min_face_pixels=0),
        evidence=Evidence(tests=()),
        data=Data(
            sources=_sources(config, prepared),
            licence=order.licence,
            counts={key: n for key, n in sorted(counts.items()) if key},
            known_gaps=order.known_gaps,
        ),
        golden=Golden(architecture="", runtime="", cases=()),
        golden_files={},
        card="",
    )


def _sources(config: TrainConfig, prepared: Prepared) -> tuple[str, ...]:
    """The datasets, and the weights that training started from, whose licence counts too."""
    start = config.model.pretrained
    weights = () if start is None else (f"starting weights {start.name}",)
    return (*prepared.about.datasets, *weights)


def _method(config: TrainConfig, prepared: Prepared) -> str:
    about = prepared.about
    start = config.model.pretrained
    return (
        f"{config.architecture}, width {config.model.width}, input {config.model.input_size} px, "
        f"starting from {'random weights' if start is None else start.name}; "
        f"{config.frozen_epochs} epochs with the backbone frozen, then {config.epochs} with "
        f"everything learning (AdamW, batch {config.batch}, peak rate {config.rate}, label "
        f"smoothing {config.label_smoothing}, seed {config.seed}); post-training quantisation to "
        f"int8. The device's own code ({about.detector}) found and cut the faces of {about.found} "
        f"of {about.pictures} pictures. Near-duplicates never fall into two splits; "
        f"{about.excluded} pictures that are published as fixtures or resemble test pictures, and "
        f"{about.contradictory} with contradictory labels, were left out."
    )
