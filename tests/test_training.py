# SPDX-License-Identifier: Apache-2.0
"""The training path on the committed faces: prepare, train, kill, resume, export, evaluate."""

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
from training.prepare import prepare
from training.prepared import Prepared, open_prepared

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
    assert read_config(run).model.width == 0.35


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


def test_export_writes_a_bundle_that_the_device_runs_identically(
    run: Path, prepared: Prepared, faces_directory: Path, tmp_path: Path, detector: Detector
) -> None:
    target = tmp_path / "small"
    done = training("export", run, "--out", target, "--test", faces_directory)
    assert done.returncode == 0, done.stderr
    bundle = open_bundle(target)
    classifier = Classifier(bundle)
    replay(classifier)
    assert bundle.manifest.file.bytes < 700_000
    names = {path.name for path in (target / "report").iterdir()}
    assert {"history.csv", "confusion.png", "groups.csv", "figures.json"} <= names
    card = (target / "CARD.md").read_text()
    assert "perceived" in card
    assert "must not be used" in card
    # The whole path on the device's side gives the int8 outputs of training's own crops.
    crops = prepared.crops()
    for i in prepared.indices("train", "select", "calibrate")[:40]:
        row = prepared.rows[i]
        pixels = decode((faces_directory / row.name).read_bytes(), name=row.name)
        device = classifier.raw(classifier.crop(pixels, detector.find_in_still(pixels)[0]))
        assert np.array_equal(device, classifier.raw(FaceCrop(np.ascontiguousarray(crops[i]))))
    shown = training("evaluate", target, faces_directory, "--json")
    assert shown.returncode == 0, shown.stderr
    measured = json.loads(shown.stdout)
    (recorded,) = [t for t in bundle.manifest.evidence.tests if t.name == measured["name"]]
    assert msgspec.to_builtins(recorded) == measured


def test_unfinished_and_foreign_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run `training prepare` first"):
        open_prepared(tmp_path)
    with pytest.raises(DatasetError, match="no training run here"):
        read_config(tmp_path)
    with pytest.raises(BundleError, match="scripts/fetch-detectors"):
        open_bundle(tmp_path)
    assert TrainConfig(prepared=tmp_path).as_json()["prepared"] == str(tmp_path)
