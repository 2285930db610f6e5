# SPDX-License-Identifier: Apache-2.0
"""`passerby model` lists bundles, faulty ones too, and shows one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from device.bundle import open_bundle
from device.bundle.manifest import ClassifierDecision, Manifest


def run_model(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device", "model", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PASSERBY_SETTINGS": os.devnull},
    )


@pytest.fixture
def models(models_directory: Path, tmp_path: Path) -> Path:
    """The shipped bundles and a faulty one."""
    for name in ("blazeface-short", "default"):
        shutil.copytree(models_directory / name, tmp_path / name)
    shutil.copytree(tmp_path / "default", tmp_path / "faulty")
    (tmp_path / "faulty" / "model.tflite").write_bytes(b"short")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def test_the_list_says_what_each_bundle_is(models: Path) -> None:
    done = run_model("--models", models, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["directory"] == str(models)
    rows = {row["name"]: row for row in answer["bundles"]}
    assert list(rows) == ["blazeface-short", "default", "faulty"]
    manifest = open_bundle(models / "default").manifest
    assert rows["default"] == {
        "name": "default",
        "chosen": True,
        "fault": None,
        "task": "face-attribute",
        "version": manifest.version,
        "bytes": manifest.model_bytes,
        "sha256": {one.name: one.sha256 for one in manifest.files},
        "accuracy": {test.name: test.accuracy.value for test in manifest.evidence.tests},
        "decision": msgspec.to_builtins(manifest.decision),
    }
    assert rows["blazeface-short"]["task"] == "face-detection"
    assert not rows["faulty"]["chosen"]
    assert "has 5 bytes" in rows["faulty"]["fault"]


def test_people_get_a_line_each_with_the_chosen_marked(models: Path) -> None:
    first, second, third = run_model("--models", models).stdout.splitlines()
    assert first.startswith("* blazeface-short ")
    assert second.startswith("* default ")
    assert "face-attribute" in second
    assert "min_confidence" in second
    assert third.startswith("  faulty: FAULT: ")


def test_one_bundle_is_shown_whole(models: Path) -> None:
    manifest = open_bundle(models / "default").manifest
    as_json = run_model("default", "--models", models, "--json")
    assert msgspec.json.decode(as_json.stdout, type=Manifest) == manifest
    shown = run_model("default", "--models", models).stdout
    assert manifest.file.sha256 in shown
    assert isinstance(manifest.decision, ClassifierDecision)
    assert f"min_confidence {manifest.decision.min_confidence}" in shown
    for gap in manifest.data.known_gaps:
        assert gap in shown
    for test in manifest.evidence.tests:
        for group in test.groups:
            assert group in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("faulty",), "has 5 bytes"),
        (("gone",), "no readable bundle.json"),
    ],
)
def test_a_bundle_that_cannot_be_shown(models: Path, words: tuple[str, ...], said: str) -> None:
    done = run_model(*words, "--models", models)
    assert done.returncode == 20
    assert done.stderr.startswith("passerby: bundle: ")
    assert said in done.stderr


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    done = run_model("--models", tmp_path)
    assert done.returncode == 20
    assert "no bundle in" in done.stderr
