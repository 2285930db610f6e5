# SPDX-License-Identifier: Apache-2.0
"""A bundle of two models with a margin: both look again, a bit wider, where the first doubts."""

import copy
import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from untrained_runs import finished

from device.bundle import open_bundle
from device.bundle.golden import replay
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, DatasetError, InputError
from device.imaging import second_view
from device.records import FaceCrop
from training.calibrate import float_logits
from training.compare import compare, of_split
from training.config import TrainConfig
from training.contenders import contenders
from training.data import as_float
from training.datasets import open_dataset
from training.export import Export, export
from training.finished import best
from training.int8_run import Int8Run
from training.method import method
from training.models.settings import settings_for
from training.prepared import Prepared, open_prepared
from training.thaw import thaw

pytestmark = pytest.mark.training

MARGIN = 4  # pixels


@pytest.fixture(scope="module")
def runs(prepared_faces: Prepared, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two untrained runs on the same crops, of unlike networks."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, (name, settings) in enumerate(
        [
            ("mobilenet_v2", {"blocks": 5, "top_channels": 128}),
            ("efficientnet_lite", {"blocks": 4, "top_channels": 64}),
        ]
    ):
        model = settings_for(name, input_size=64, **settings)
        config = TrainConfig(prepared_faces.folder, architecture=name, model=model, seed=seed)
        finished(folder / name, config)
    return [folder / "mobilenet_v2", folder / "efficientnet_lite"]


@pytest.fixture(scope="module")
def bundle(
    runs: list[Path],
    detector: Detector,
    faces_directory: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    with open_dataset(faces_directory) as faces, pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.quantise.REPRESENTATIVE", (16,))  # one conversion instead of six
        order = Export(
            workdir=runs[0],
            second=runs[1],
            target=tmp_path_factory.mktemp("models") / "pair",
            version="1",
            golden=faces,
            margin=MARGIN,
        )
        return export(order, detector=detector)


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "pair"))


def edit(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = bundle / "bundle.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_the_device_repeats_what_both_models_said(bundle: Path) -> None:
    opened = open_bundle(bundle)
    assert [path.name for path in opened.models] == ["model.tflite", "second.tflite"]
    sizes = [path.stat().st_size for path in opened.models]
    assert opened.manifest.model_bytes == sum(sizes)
    assert len(set(sizes)) == 2
    assert all(len(case.second_outputs) == 2 for case in opened.manifest.golden.cases)
    replay(Classifier(opened))


def test_doubtful_crops_are_shown_to_both_models_with_their_margin(
    bundle: Path, prepared_faces: Prepared
) -> None:
    classifier = copy.copy(Classifier(open_bundle(bundle)))
    first, second = classifier.networks
    crops = [FaceCrop(around, MARGIN) for around in prepared_faces.crops(MARGIN)[:60]]
    scores = np.array([first.logit(first.raw(crop)) for crop in crops])
    within = float(np.median(np.abs(scores)))
    classifier.decision = msgspec.structs.replace(classifier.decision, second_look=within)
    seen = set()
    for crop, score in zip(crops, scores, strict=True):
        doubtful = abs(score) < within
        view = FaceCrop(second_view(crop))
        assert not np.array_equal(view.pixels, second_view(FaceCrop(crop.pixels)))
        again = first.logit(first.raw(view)), second.logit(second.raw(view))
        seen.add((doubtful, score in again))
        expected = (score + sum(again)) / 3 if doubtful else score
        assert classifier.perceive(crop) == classifier.judge(expected)
    assert {(True, False), (False, False)} <= seen


def test_its_evidence_is_of_both_models_together(bundle: Path, prepared_faces: Prepared) -> None:
    classifier = Classifier(open_bundle(bundle))
    (held_out,) = classifier.bundle.manifest.evidence.tests
    rows, crops = prepared_faces.rows, prepared_faces.crops(MARGIN)
    right = [
        (classifier.perceive(FaceCrop(crops[i], MARGIN)).female >= 0.5)
        == (rows[i].perceived_gender == "female")
        for i in prepared_faces.indices("calibrate")
    ]
    assert held_out.accuracy.n == len(right)
    assert held_out.accuracy.value == pytest.approx(np.mean(right), abs=1e-4)


def test_its_card_and_manifest_tell_of_both(bundle: Path) -> None:
    manifest, card = open_bundle(bundle).manifest, (bundle / "CARD.md").read_text()
    assert manifest.producer == "training export, mobilenet_v2 and efficientnet_lite"
    assert "The second model, which looks again: efficientnet_lite" in manifest.data.method
    assert "is looked at again, by both models, mirrored" in card
    assert "up to 4 px more of the hair" in card
    assert " and ".join(f"{file.bytes / 1e6:.2f} MB" for file in manifest.files) in card
    shown = subprocess.run(
        [sys.executable, "-m", "device", "model", "pair", "--models", bundle.parent],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for file in manifest.files:
        assert f"{file.name}, {file.bytes} bytes, {file.sha256}" in shown


def test_its_identity_names_both(bundle: Path) -> None:
    opened = open_bundle(bundle)
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in opened.models)
    assert opened.identity == f"pair 1 ({first} + {second})"
    assert first != second


def test_compare_asks_both(bundle: Path, prepared_faces: Prepared) -> None:
    """The bundle's label is the device's."""
    (pair,) = both = contenders([bundle])
    assert len(pair.models) == 2
    pictures = of_split(prepared_faces, "calibrate", [pair.rule])
    found = compare(both, pictures)
    classifier = Classifier(open_bundle(bundle))
    crops = pictures.crops[pair.rule]
    said = [classifier.perceive(FaceCrop(crop, MARGIN)).female >= 0.5 for crop in crops]
    assert (found.female[0] >= 0.5).tolist() == said
    assert found.standings[0].bytes == classifier.bundle.manifest.model_bytes


def test_a_damaged_or_missing_second_model_is_refused(copied: Path) -> None:
    second = copied / "second.tflite"
    second.write_bytes(second.read_bytes()[:1000])
    with pytest.raises(BundleError, match=r"second\.tflite has 1000 bytes, expected \d+"):
        open_bundle(copied)
    second.unlink()
    with pytest.raises(BundleError, match=r"the model file second\.tflite is missing"):
        open_bundle(copied)


def test_replay_notices_another_second_model(copied: Path) -> None:
    blob = (copied / "model.tflite").read_bytes()
    (copied / "second.tflite").write_bytes(blob)

    def own_up(manifest: dict[str, Any]) -> None:
        manifest["second"].update(bytes=len(blob), sha256=hashlib.sha256(blob).hexdigest())

    edit(copied, own_up)
    with pytest.raises(
        BundleError, match=r"golden pictures do not come out .*, second model, gives \["
    ):
        replay(Classifier(open_bundle(copied)))


def test_replay_wants_outputs_of_both(copied: Path) -> None:
    def forget(manifest: dict[str, Any]) -> None:
        for case in manifest["golden"]["cases"]:
            del case["second_outputs"]

    edit(copied, forget)
    with pytest.raises(BundleError, match="has 0 recorded outputs, the model gives 2"):
        replay(Classifier(open_bundle(copied)))


def test_both_models_in_one_file_are_refused(copied: Path) -> None:
    edit(copied, lambda m: m.update(second=m["file"]))
    with pytest.raises(BundleError, match=r"both models are in model\.tflite, expected a file"):
        open_bundle(copied)


@pytest.mark.parametrize("second", [False, True])
def test_either_model_is_thawed(
    bundle: Path,
    runs: list[Path],
    prepared_faces: Prepared,
    tmp_path: Path,
    second: bool,
) -> None:
    """In float each says what the network said that was quantised, and not what the other said."""
    opened = open_bundle(bundle)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.thaw.LEAST_AGREEMENT", 0.0)  # untrained: all near the even point
        thaw(opened, prepared_faces, tmp_path / "run", second=second)
    crops = as_float(prepared_faces.crops()[:60])
    back, *there = (
        float_logits(best(run).predict(crops, verbose=0)) for run in (tmp_path / "run", *runs)
    )
    own, other = reversed(there) if second else there
    assert np.abs(back - own).mean() < 0.2 * np.abs(back - other).mean()
    told = method([Int8Run(tmp_path / "run")])
    assert (f"From the int8 weights of {opened.identity}, its second model," in told) == second


def test_a_detector_has_no_second_model(models_directory: Path, tmp_path: Path) -> None:
    detector = Path(shutil.copytree(models_directory / "blazeface-short", tmp_path / "detector"))
    edit(detector, lambda m: m.update(second=m["file"] | {"name": "second.tflite"}))
    with pytest.raises(BundleError, match="a second model is a classifier's, and this is a det"):
        open_bundle(detector)


def test_a_second_run_on_other_crops_is_refused(
    runs: list[Path],
    prepared_faces: Prepared,
    detector: Detector,
    faces_directory: Path,
    tmp_path: Path,
) -> None:
    """Its training crops could be the first one's held-out ones."""
    elsewhere = Path(shutil.copytree(prepared_faces.folder, tmp_path / "elsewhere"))
    model = settings_for("mobilenet_v2", input_size=64, blocks=4, top_channels=64)
    finished(tmp_path / "other", TrainConfig(elsewhere, model=model))
    with open_dataset(faces_directory) as faces:
        order = Export(workdir=runs[0], target=tmp_path / "pair", version="1", golden=faces)
        order = dataclasses.replace(order, second=tmp_path / "other")
        with pytest.raises(DatasetError, match=r"other learnt from .*elsewhere, expected .*runs?"):
            export(order, detector=detector)
    assert not (tmp_path / "pair").exists()


def test_more_margin_than_a_prepared_folder_has_is_refused(
    runs: list[Path], detector: Detector, faces_directory: Path, tmp_path: Path
) -> None:
    with open_dataset(faces_directory) as faces:
        order = Export(workdir=runs[0], target=tmp_path / "wide", version="1", golden=faces)
        with (
            pytest.MonkeyPatch.context() as patch,
            pytest.raises(DatasetError, match=r"a margin of 6 px was .* expected at most 5: its"),
        ):
            patch.setattr("training.export._draft", None)  # nothing is quantised before
            export(dataclasses.replace(order, margin=6), detector=detector)
    assert not (tmp_path / "wide").exists()


def test_a_wide_crop_without_a_middle_is_refused(prepared_faces: Prepared, tmp_path: Path) -> None:
    """As folders had them that were prepared before there were margins."""
    odd = Path(shutil.copytree(prepared_faces.folder, tmp_path / "odd"))
    np.save(odd / "wide.npy", prepared_faces.wide()[:, 1:, 1:])
    with pytest.raises(DatasetError, match=r"wide crops have 73 px, expected an even .* prepare"):
        open_prepared(odd).crops(4)


def test_a_margin_without_a_second_look_is_refused(tmp_path: Path) -> None:
    words = ["export", str(tmp_path), "--out", str(tmp_path / "x"), "--margin", "6"]
    done = subprocess.run(
        [sys.executable, "-m", "training", *words, "--second-look", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == InputError.exit_status
    assert "--margin 6 is for the second look, and --second-look 0 has none" in done.stderr
