# SPDX-License-Identifier: Apache-2.0
"""The training path on the committed faces: prepare, train, kill, resume, export, evaluate."""

import csv
import gzip
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bundle_walk import assert_no_picture_but_golden_crops

from device.bundle import open_bundle
from device.bundle.golden import replay
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, DatasetError
from device.imaging import CropRule, cut
from device.pictures import decode
from device.records import FaceCrop
from training.config import TrainConfig, read_config
from training.datasets import open_dataset
from training.outcomes import matching, outcomes_file
from training.prepare import prepare
from training.prepared import Prepared, open_prepared
from training.report.contents import PUBLISHED

pytestmark = pytest.mark.training
ROOT = Path(__file__).parent.parent
RULE = CropRule(size=64, scale=1.1)


def training(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "training", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, faces_directory: Path, detector: Detector
) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    with open_dataset(faces_directory) as dataset:
        prepare([dataset], folder, detector=detector, rule=RULE, role="training")
    return open_prepared(folder)


@pytest.fixture(scope="module")
def run(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed in its second epoch and went on with the same command."""
    workdir = tmp_path_factory.mktemp("run")
    words = [sys.executable, "-m", "training", "train", str(prepared.folder)]
    words += ["--workdir", str(workdir), "--width", "0.35", "--batch", "32"]
    words += ["--frozen-epochs", "1", "--epochs", "2"]
    events = workdir / "events.jsonl"
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
    while not (events.exists() and '"epoch": 0' in events.read_text()):
        assert process.poll() is None, "training ended before its first epoch"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (workdir / "best.weights.h5").stat().st_size > 0
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return workdir


def test_prepared_crops_are_the_device_s_bit_for_bit(
    prepared: Prepared, detector: Detector, faces_directory: Path
) -> None:
    crops = prepared.crops()
    compared = 0
    for i, row in enumerate(prepared.rows):
        pixels = decode((faces_directory / row.name).read_bytes(), name=row.name)
        faces = detector.find_in_still(pixels)
        assert row.found == bool(faces)
        if faces:
            assert np.array_equal(crops[i], cut(pixels, faces[0], RULE).pixels)
            compared += 1
    assert compared >= 150
    assert prepared.about.found == compared


def test_splits_follow_content_and_exclude_what_is_named(
    prepared: Prepared, detector: Detector, faces_directory: Path, tmp_path: Path
) -> None:
    assert {row.split for row in prepared.rows} == {"train", "select", "calibrate"}
    with open_dataset(faces_directory) as dataset, open_dataset(faces_directory) as same:
        about = prepare(
            [dataset], tmp_path, detector=detector, rule=RULE, role="training", exclude=[same]
        )
    assert about.excluded == about.pictures == 154
    assert len(open_prepared(tmp_path).indices("train", "select", "calibrate")) == 0


def test_contradictory_duplicates_are_left_out(
    detector: Detector, faces_directory: Path, tmp_path: Path
) -> None:
    source = sorted((faces_directory / "pictures").glob("*.jpg"))
    data = tmp_path / "data"
    data.mkdir()
    (data / "30_0_1_1.jpg").write_bytes(source[0].read_bytes())
    (data / "30_1_1_2.jpg").write_bytes(source[0].read_bytes())
    (data / "30_1_1_3.jpg").write_bytes(source[1].read_bytes())
    (data / "30_1_1_4.jpg").write_bytes(source[2].read_bytes()[:2000])
    with open_dataset(data) as dataset:
        about = prepare([dataset], tmp_path / "out", detector=detector, rule=RULE, role="training")
    splits = {row.name: row.split for row in open_prepared(tmp_path / "out").rows}
    assert about.contradictory == 2
    assert splits["30_0_1_1.jpg"] == splits["30_1_1_2.jpg"] == "contradictory"
    assert splits["30_1_1_4.jpg"] == "unread"
    assert list(about.unread) == ["30_1_1_4.jpg"]


def test_a_killed_run_goes_on_to_its_end(run: Path) -> None:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    starts = [event for event in events if event["event"] == "start"]
    assert len(starts) == 2
    assert starts[0]["step"] == 0 < starts[1]["step"]  # not from the beginning
    assert events[-1]["event"] == "end"
    rows = (run / "history.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [
        ["0", "frozen"],
        ["1", "unfrozen"],
        ["2", "unfrozen"],
    ]
    assert read_config(run).model.words().startswith("width 0.35")


def test_a_workdir_of_another_run_is_refused(run: Path, prepared: Prepared) -> None:
    done = training("train", prepared.folder, "--workdir", run, "--seed", "9")
    assert done.returncode == 66
    assert "holds a run with another configuration" in done.stderr


def test_faces_of_one_label_are_not_trained_on(prepared: Prepared, tmp_path: Path) -> None:
    folder = shutil.copytree(prepared.folder, tmp_path / "prepared")
    rows = (folder / "manifest.jsonl").read_text()
    (folder / "manifest.jsonl").write_text(rows.replace('"male"', '"female"'))
    done = training("train", folder, "--workdir", tmp_path / "run", "--batch", "32")
    assert done.returncode == 66
    assert "all training crops have one label, expected female and male" in done.stderr


@pytest.fixture(scope="module")
def exported(run: Path, faces_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("models") / "small"
    done = training("export", run, "--out", target, "--test", faces_directory)
    assert done.returncode == 0, done.stderr
    return target


def test_export_writes_a_bundle_that_the_device_runs_identically(
    exported: Path, run: Path, prepared: Prepared, faces_directory: Path, detector: Detector
) -> None:
    bundle = open_bundle(exported)
    classifier = Classifier(bundle)
    replay(classifier)
    assert bundle.manifest.file.bytes < 700_000
    # The whole path on the device's side gives the int8 outputs of training's own crops.
    crops = prepared.crops()
    for i in prepared.indices("train", "select", "calibrate")[:40]:
        row = prepared.rows[i]
        pixels = decode((faces_directory / row.name).read_bytes(), name=row.name)
        device = classifier.first.raw(classifier.crop(pixels, detector.find_in_still(pixels)[0]))
        assert np.array_equal(
            device, classifier.first.raw(FaceCrop(np.ascontiguousarray(crops[i])))
        )
    tests = bundle.manifest.evidence.tests
    assert len(matching(tests, outcomes_file(run, "small"))) == len(tests) == 2
    shown = training("evaluate", exported, faces_directory, "--json")
    assert shown.returncode == 0, shown.stderr
    measured = json.loads(shown.stdout)
    (recorded,) = [t for t in bundle.manifest.evidence.tests if t.name == measured["name"]]
    assert msgspec.to_builtins(recorded) == measured


def test_a_bundle_carries_its_evidence_and_no_face_but_golden_ones(
    exported: Path, prepared: Prepared
) -> None:
    assert_no_picture_but_golden_crops(exported)
    assert {path.name for path in (exported / "report").iterdir()} == PUBLISHED
    text = gzip.decompress((exported / "report" / "split.csv.gz").read_bytes()).decode()
    split = list(csv.DictReader(text.splitlines()))
    assert [(r["name"], r["sha256"], r["split"]) for r in split] == [
        (r.name, r.sha256, r.split) for r in prepared.rows
    ]
    manifest = open_bundle(exported).manifest
    assert "Post-training quantisation" in manifest.data.method
    assert manifest.data.method in (exported / "CARD.md").read_text()


def test_gates_keep_a_bundle_from_being_written(
    run: Path, exported: Path, faces_directory: Path, tmp_path: Path
) -> None:
    """On a workdir with an int8 model of its own, which is taken as it is."""
    workdir = shutil.copytree(run, tmp_path / "aware")
    model = shutil.copyfile(exported / "model.tflite", workdir / "model.tflite")
    target = tmp_path / "gated"
    words = ("export", workdir, "--out", target, "--gate", "--max-bytes", "1000")
    refused = training(*words)
    assert refused.returncode == 66
    assert "name one with --test" in refused.stderr
    refused = training(*words, "--test", faces_directory)
    assert refused.returncode == 71
    size = f"training: gate: size: the model has {model.stat().st_size} bytes, at most 1000 allowed"
    assert refused.stderr.splitlines()[-1] == size
    assert not target.exists()


def test_compare_sets_float_beside_int8(run: Path, exported: Path, tmp_path: Path) -> None:
    workdir = shutil.copytree(run, tmp_path / "aware")
    shutil.copyfile(exported / "model.tflite", workdir / "model.tflite")
    done = training("compare", workdir, exported, "--split", "select", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "compare.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["aware float", "aware QAT int8", "small 1"]
    sizes = [int(row["bytes"]) for row in rows]
    assert sizes[0] > 2.5 * sizes[1]
    assert sizes[1] == sizes[2]
    assert float(rows[1]["same_label_as_first"]) > 0.5


def test_unfinished_and_foreign_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run `training prepare` first"):
        open_prepared(tmp_path)
    with pytest.raises(DatasetError, match="no training run here"):
        read_config(tmp_path)
    with pytest.raises(BundleError, match="scripts/fetch-detectors"):
        open_bundle(tmp_path)
    assert TrainConfig(prepared=tmp_path).as_json()["prepared"] == str(tmp_path)
