# SPDX-License-Identifier: Apache-2.0
"""What `training evaluate --out` writes: the report, a card, and the page that stays local."""

from pathlib import Path

import msgspec

from device.classifier import Classifier
from device.detector import Detector
from training.card import card
from training.datasets import Dataset
from training.evaluate import Measured
from training.mistakes import write_mistakes
from training.outcomes import write_outcomes
from training.report.contents import MISTAKES, OUTCOMES
from training.report.folder import write_report


def write_local_report(
    folder: Path,
    measured: Measured,
    *,
    dataset: Dataset,
    detector: Detector,
    classifier: Classifier,
) -> None:
    """Write the report of one measured bundle.

    Args:
        folder: made if missing; files of the same names are replaced.
        measured, dataset: what was measured, and where its pictures are.
        detector, classifier: the bundles that were measured; the classifier's own report lends the
            training's history, its evidence the figures of other test sets.
    """
    bundle = classifier.bundle
    manifest = bundle.manifest
    history = bundle.path / "report" / "history.csv"
    write_report(
        folder,
        [measured],
        decision=classifier.decision,
        history=history if history.exists() else None,
        rows=None,
        local=True,
    )
    others = tuple(one for one in manifest.evidence.tests if one.name != measured.figures.name)
    text = card(
        f"{manifest.name} {manifest.version}",
        evidence=msgspec.structs.replace(manifest.evidence, tests=(measured.figures, *others)),
        data=manifest.data,
        decision=classifier.decision,
        model_bytes=[file.bytes for file in manifest.files],
        margin=classifier.rule.margin,
    )
    (folder / "CARD.md").write_text(text, "utf-8")
    write_outcomes(folder / OUTCOMES, [measured])
    write_mistakes(
        folder / MISTAKES,
        measured,
        dataset=dataset,
        detector=detector,
        classifier=classifier,
    )
