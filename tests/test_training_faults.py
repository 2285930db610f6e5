# SPDX-License-Identifier: Apache-2.0
"""What training refuses, and that it says so in a sentence."""

import shutil
from pathlib import Path

import pytest

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, DatasetError
from training.bundle_writer import check_target
from training.cli import main
from training.config import TrainConfig, claim, read_config
from training.datasets import open_dataset
from training.golden import record
from training.prepared import open_prepared


def test_only_a_bundle_is_replaced(tmp_path: Path, models_directory: Path) -> None:
    kept = tmp_path / "models"
    kept.mkdir()
    check_target(kept)  # empty
    (kept / "precious").write_text("mine")
    with pytest.raises(BundleError, match="is there and is no bundle"):
        check_target(kept)
    check_target(tmp_path / "new")
    check_target(models_directory / "blazeface-short")
    for name in ("Mine", ".", "with space"):
        with pytest.raises(BundleError, match="cannot name a bundle"):
            check_target(tmp_path / "models" / ".." / name if name == "." else tmp_path / name)


def test_a_run_that_never_began_may_be_corrected(tmp_path: Path) -> None:
    claim(tmp_path, TrainConfig(prepared=tmp_path, batch=9999))
    claim(tmp_path, TrainConfig(prepared=tmp_path, batch=32))
    (tmp_path / "events.jsonl").write_text("{}\n")
    claim(tmp_path, TrainConfig(prepared=tmp_path, batch=32))
    with pytest.raises(DatasetError, match="another configuration"):
        claim(tmp_path, TrainConfig(prepared=tmp_path))
    assert read_config(tmp_path).batch == 32


@pytest.mark.parametrize("text", ["", "[]", '{"prepared": 1}'])
def test_a_damaged_config_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DatasetError, match="no training run here"):
        read_config(tmp_path)


def test_a_damaged_manifest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prepared.json").write_text(
        '{"datasets": [], "role": "training", "detector": "", "rule": {"size": 64, "scale": 1},'
        '"pictures": 0, "found": 0, "not_found_by_group": {}, "excluded": 0, "contradictory": 0,'
        '"unread": {}}'
    )
    (tmp_path / "manifest.jsonl").write_text('{"name": "1.j')
    with pytest.raises(DatasetError, match="run `training prepare` first"):
        open_prepared(tmp_path)


@pytest.mark.parametrize(
    "words", [("--size", "0"), ("--size", "9999"), ("--scale", "nan"), ("--scale", "0")]
)
def test_crops_of_no_size_are_a_usage_error(
    words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["prepare", "faces.zip", "--out", "nowhere", *words])
    assert stop.value.code == 2
    assert f"'{words[1]}', expected a" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, faces_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert main(["prepare", str(faces_directory), "--out", str(taken)]) == 1
    assert capsys.readouterr().err.startswith(f"training: files: {taken}: File exists; expected")


def test_golden_pictures_of_one_name_in_two_folders_are_both_kept(
    tmp_path: Path, faces_directory: Path, detector: Detector
) -> None:
    pictures = sorted((faces_directory / "pictures").glob("*.jpg"))[:32]
    for i, picture in enumerate(pictures):  # 1.jpg to 16.jpg in both folders
        folder = tmp_path / "faces" / ("female", "male")[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, folder / f"{i // 2}.jpg")
    bundle = shutil.copytree("models/default", tmp_path / "bundle")
    classifier = Classifier(open_bundle(bundle))
    with open_dataset(tmp_path / "faces") as dataset:
        golden, files = record(classifier, dataset, detector)
    assert len({case.file for case in golden.cases}) == len(golden.cases) == len(files)
