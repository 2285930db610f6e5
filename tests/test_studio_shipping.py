# SPDX-License-Identifier: Apache-2.0
"""What leaves the studio: the ZIP, and what `passerby check` says of the bundle in it."""

import io
import shutil
import zipfile
from pathlib import Path

from training.studio.shipping import packed, passerby_check


def test_the_zip_holds_the_bundle_and_passes_the_check(
    models_directory: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(models_directory / "tiny", tmp_path / "mine")
    with zipfile.ZipFile(io.BytesIO(packed(bundle))) as archive:
        archive.extractall(tmp_path / "pi")
    unpacked = tmp_path / "pi" / "mine"
    assert (unpacked / "model.tflite").read_bytes() == (bundle / "model.tflite").read_bytes()
    checked = passerby_check(unpacked)
    assert checked.passed
    assert checked.lines[0].startswith("ok    bundle mine: tiny ")
    assert checked.lines[-1] == "all is right"


def test_a_damaged_bundle_fails_the_check(models_directory: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(models_directory / "tiny", tmp_path / "mine")
    model = bundle / "model.tflite"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    checked = passerby_check(bundle)
    assert not checked.passed
    assert any("model.tflite is damaged" in line for line in checked.lines)
