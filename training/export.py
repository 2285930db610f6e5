# SPDX-License-Identifier: Apache-2.0
"""A finished training run to a bundle: quantise, calibrate, measure, record golden crops, write."""

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from device.bundle import Bundle
from device.bundle.manifest import (
    ATTRIBUTE,
    ClassifierDecision,
    Data,
    Evidence,
    Golden,
    Input,
    Output,
)
from device.classifier import Classifier
from device.detector import Detector
from device.errors import DatasetError
from training.bundle_writer import (
    BundleDraft,
    as_manifest,
    check_target,
    write_bundle,
    write_models,
)
from training.card import card
from training.data import LABELS
from training.datasets import Dataset
from training.evaluate import Measured, measure
from training.folds import training_indices
from training.gate import Limits, require
from training.golden import record
from training.held_out import calibrated, compared_on
from training.int8_run import Int8Run, refuse_unlike
from training.method import method
from training.outcomes import outcomes_file, write_outcomes
from training.report.folder import write_report

# In logits. Farther out a second look changes no label, and one crop in seven lies within.
SECOND_LOOK: Final = 1.5


@dataclass(frozen=True, slots=True)
class Export:
    """What a bundle is to be.

    Attributes:
        workdir: a training run.
        second: another run on the same crops, whose model looks again together with the first
            one's; or None.
        target: the bundle's folder; its last part is the bundle's name.
        version: the bundle's version.
        golden: labelled pictures, none trained on, that may be published with the bundle.
        tests: labelled pictures for the evidence, none trained on; each is gone through once.
        licence: of the training data, as the card names it.
        known_gaps: what the training data lacks, for the card.
        second_look: crops whose logit is nearer to 0 are looked at again (see device/imaging.py);
            0 is never.
        margin: pixels around a crop that the second look may see; not with every prepared folder.
        limits: gates that the evidence of the first test set must pass, or None.
    """

    workdir: Path
    target: Path
    version: str
    golden: Dataset
    tests: Sequence[Dataset] = ()
    second: Path | None = None
    licence: str = "not stated"
    known_gaps: tuple[str, ...] = ()
    second_look: float = SECOND_LOOK
    margin: int = 0
    limits: Limits | None = None


def export(
    order: Export, *, detector: Detector, progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Write a run's bundle, and its outcomes beside the run; returns the bundle's folder.

    Args:
        order: what to write and on what to measure it.
        detector: finds the faces of the golden pictures and of the test sets.
        progress: told of every step in words.

    Raises:
        DatasetError: a run is missing or unfinished, the second one learnt from other crops, or
            golden pictures are too few.
        BundleError: the converted model is not what the device expects, or the target is a folder
            that is no bundle.
        GateError: the evidence does not pass `order.limits`; nothing was written.
    """
    check_target(order.target)
    if order.limits is not None and not order.tests:
        raise DatasetError("gates judge the first test set and there is none: name one with --test")
    runs = _runs(order)
    prepared, models = runs[0].prepared, [run.model for run in runs]
    progress("quantising to int8")
    draft = _draft(order, runs)
    with tempfile.TemporaryDirectory() as scratch:
        progress("calibrating on held-out crops")
        classifier = _classifier(Path(scratch), draft)
        decision, quantisation, held_out = calibrated(classifier, models, prepared)
        golden, files = record(classifier, order.golden, detector)
        draft = dataclasses.replace(draft, decision=decision, golden=golden, golden_files=files)
        classifier = _classifier(Path(scratch), draft)
        results = [*_measured(order.tests, detector, classifier, progress), held_out]
        for test in order.tests[:1]:  # untouched crops say more than those fitted on
            progress(f"comparing int8 with float on {test.name}")
            quantisation = compared_on(test, classifier, models, detector=detector)
        evidence = Evidence(tests=tuple(r.figures for r in results), quantisation=quantisation)
        if order.limits is not None:
            progress("judging by the gates")
            require(evidence, model_bytes=sum(map(len, draft.models)), limits=order.limits)
        report, history = Path(scratch) / "report", order.workdir / "history.csv"
        write_report(
            report,
            results,
            decision=decision,
            history=history if history.exists() else None,
            rows=prepared.rows,
        )
        final = dataclasses.replace(draft, evidence=evidence, report=report)
        write_outcomes(outcomes_file(order.workdir, order.target.name), results)
        return write_bundle(order.target, _with_card(final, decision))


def _runs(order: Export) -> list[Int8Run]:
    runs = [Int8Run(path) for path in (order.workdir, order.second) if path is not None]
    refuse_unlike(runs[0], runs[-1])
    runs[0].prepared.crops(order.margin)  # refuses what is not there, before anything takes long
    return runs


def _measured(
    tests: Sequence[Dataset],
    detector: Detector,
    classifier: Classifier,
    progress: Callable[[str], None],
) -> Iterator[Measured]:
    for test in tests:
        progress(f"measuring the whole path on {test.name}")
        yield measure(test, detector=detector, classifier=classifier)


def _with_card(draft: BundleDraft, decision: ClassifierDecision) -> BundleDraft:
    text = card(
        f"{draft.name} {draft.version}",
        evidence=draft.evidence,
        data=draft.data,
        decision=decision,
        model_bytes=[len(model) for model in draft.models],
        margin=draft.input.crop.margin if draft.input.crop else 0,
    )
    return dataclasses.replace(draft, card=text)


def _classifier(folder: Path, draft: BundleDraft) -> Classifier:
    """The device's classifier over an unfinished bundle."""
    write_models(folder, draft)
    return Classifier(Bundle(folder, as_manifest(draft)))


def _draft(order: Export, runs: Sequence[Int8Run]) -> BundleDraft:
    """What is known before anything was measured."""
    prepared = runs[0].prepared
    rule = msgspec.structs.replace(prepared.about.rule, margin=order.margin)
    learnt = {int(i) for run in runs for i in training_indices(run.config, prepared)}
    rows = [prepared.rows[i] for i in sorted(learnt)]
    weights = [name for run in runs for name in run.starting_weights]
    counts = Counter(key for row in rows for key in (row.perceived_gender, row.race, row.age_band))
    return BundleDraft(
        name=order.target.name,
        version=order.version,
        task=ATTRIBUTE,
        producer=f"training export, {' and '.join(run.config.architecture for run in runs)}",
        models=[run.int8 for run in runs],
        input=Input(width=rule.size, height=rule.size, colour=rule.colour, dtype="int8", crop=rule),
        output=Output(labels=LABELS),
        decision=ClassifierDecision(
            temperature=1.0, min_confidence=0.5, min_face_pixels=0, second_look=order.second_look
        ),
        evidence=Evidence(tests=()),
        data=Data(
            # The weights that training started from: their licence counts too.
            sources=tuple(dict.fromkeys((*prepared.about.datasets, *weights))),
            licence=order.licence,
            counts={key: n for key, n in sorted(counts.items()) if key},
            known_gaps=order.known_gaps,
            method=method(runs),
        ),
        golden=Golden(architecture="", runtime="", cases=()),
        golden_files={},
        card="",
    )
