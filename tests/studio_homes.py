# SPDX-License-Identifier: Apache-2.0
"""A studio's folder with a finished, exported run, made without any training.

The bundle is the shipped one under another name; its evidence is measured here on the committed
faces, of which some are called held out and the others trained on. So the figures are real, and
the model has in truth seen none of the pictures.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
from browser.uploads import utkface_names, write_zip

from device.bundle import open_bundle
from device.bundle.manifest import Evidence, Quantisation
from training.config import TrainConfig, claim
from training.datasets import open_dataset
from training.evaluate import Measured, summarise, whole_path
from training.models.settings import settings_for
from training.outcomes import outcomes_file, write_outcomes
from training.prepare import prepare
from training.prepared import Prepared, open_prepared
from training.studio.home import Home, StoredDataset, StoredRun
from training.studio.jobs import Job, write_atomically
from training.studio.looking import Eyes


@dataclass(frozen=True, slots=True)
class Exported:
    """What was made."""

    home: Home
    dataset: StoredDataset
    run: StoredRun
    prepared: Prepared
    measured: Measured


def ended(job: Job) -> None:
    """Let a job look as if it had ended well."""
    job.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(job.folder / "job.json", b'{"pid":1,"began":1.0,"commands":[["none"]]}')
    write_atomically(job.folder / "status.json", b'{"exit_status":0}')


def exported_home(folder: Path, faces: Path, *, eyes: Eyes, only: str = "") -> Exported:
    """The folder of a studio; with `only`, the held-out pictures are those of that label."""
    home = Home(folder)
    dataset = home.new_dataset("faces.zip")
    source = write_zip(dataset.folder / "faces.zip", utkface_names(faces).items())
    home.keep_source(dataset, source, title="My faces.zip")
    ended(dataset.check)
    detector, classifier = eyes.detector, eyes.classifier
    rule = classifier.rule
    crops = dataset.prepared(rule.size, rule.colour)
    with open_dataset(source) as opened:
        prepare([opened], crops, detector=detector, rule=rule, role="training")
        prepared = open_prepared(crops)
        held = {
            prepared.rows[i].name
            for i in prepared.indices("select", "calibrate")
            if only in ("", prepared.rows[i].perceived_gender)
        }
        samples = [sample for sample in opened.samples if sample.name in held]
        outcomes = whole_path(opened, samples=samples, detector=detector, classifier=classifier)
    run = home.new_run("first try", dataset=dataset)
    model = settings_for("mobilenet_v2", input_size=rule.size, colour=rule.colour)
    claim(run.folder, TrainConfig(prepared=crops, model=model))
    (run.folder / "best.weights.h5").touch()
    ended(run.job)
    figures = summarise("faces.zip, calibrate split", "held out", outcomes)
    measured = Measured(figures, outcomes)
    _write_bundle(home.folder / "bundles" / run.name, classifier.bundle.path, measured)
    write_outcomes(outcomes_file(run.folder, run.name), [measured])
    return Exported(home, dataset, run, prepared, measured)


def _write_bundle(target: Path, shipped: Path, measured: Measured) -> None:
    shutil.copytree(shipped, target)
    manifest = open_bundle(target).manifest
    n = len(measured.outcomes)
    share = measured.figures.accuracy.value
    int8 = Quantisation(n=n, float_accuracy=share, int8_accuracy=share, same_label=1.0)
    evidence = Evidence(tests=(measured.figures,), quantisation=int8)
    changed = msgspec.structs.replace(manifest, name=target.name, evidence=evidence)
    (target / "bundle.json").write_bytes(msgspec.json.encode(changed))
