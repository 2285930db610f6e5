# SPDX-License-Identifier: Apache-2.0
"""Golden replay on both runtimes, and that it notices."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from device.bundle import open_bundle
from device.bundle.golden import replay
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError
from device.interpreter import RuntimeChoice
from device.pictures import decode
from device.records import FaceCrop

RUNTIMES: list[RuntimeChoice] = ["litert", "tflite"]


def needs(runtime: str) -> None:
    pytest.importorskip("ai_edge_litert" if runtime == "litert" else "tflite_runtime")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", ["blazeface-short", "blazeface-back"])
def test_detectors_replay(name: str, runtime: RuntimeChoice, models_directory: Path) -> None:
    needs(runtime)
    replay(Detector(open_bundle(models_directory / name), runtime=runtime))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_classifier_replays(runtime: RuntimeChoice, models_directory: Path) -> None:
    needs(runtime)
    replay(Classifier(open_bundle(models_directory / "default"), runtime=runtime))


def test_runtimes_agree_on_unseen_crops(classifier: Classifier, models_directory: Path) -> None:
    """Same labels, probabilities within the bundle's tolerance, on every golden crop."""
    needs("tflite")
    bundle = open_bundle(models_directory / "default")
    other = Classifier(bundle, runtime="tflite")
    assert (classifier.first.interpreter.runtime, other.first.interpreter.runtime) == (
        "litert",
        "tflite",
    )
    for case in bundle.manifest.golden.cases:
        pixels = decode((bundle.path / "golden" / case.file).read_bytes(), name=case.file)
        one, two = (c.first.raw(FaceCrop(pixels)).astype(int) for c in (classifier, other))
        assert one.argmax() == two.argmax()
        apart = np.abs(one - two).max() * classifier.first.output_scale
        assert apart <= bundle.manifest.golden.tolerance.probability


def test_replay_notices_another_model(models_directory: Path, tmp_path: Path) -> None:
    """A recorded output that is off by one step is found on the architecture that made it."""
    copy = Path(shutil.copytree(models_directory / "default", tmp_path / "default"))
    manifest = json.loads((copy / "bundle.json").read_text())
    first = manifest["golden"]["cases"][0]
    first["outputs"] = [first["outputs"][0] - 90, first["outputs"][1] + 90]
    (copy / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=rf"1 golden pictures .*{first['file']} gives"):
        replay(Classifier(open_bundle(copy)))


def test_replay_notices_a_changed_picture(models_directory: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models_directory / "blazeface-short", tmp_path / "detector"))
    pictures = sorted((copy / "golden").iterdir())
    shutil.copyfile(pictures[0], pictures[1])
    with pytest.raises(BundleError, match=rf"{pictures[1].name} (shows|lacks)"):
        replay(Detector(open_bundle(copy)))


def test_replay_names_a_picture_that_cannot_be_read(models_directory: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models_directory / "default", tmp_path / "default"))
    broken = sorted((copy / "golden").iterdir())[3]
    broken.write_bytes(b"no picture")
    with pytest.raises(BundleError, match=broken.name):
        replay(Classifier(open_bundle(copy)))


def test_replay_notices_swapped_labels(models_directory: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models_directory / "default", tmp_path / "default"))
    manifest = json.loads((copy / "bundle.json").read_text())
    manifest["output"]["labels"].reverse()
    (copy / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=r"24 golden pictures .* is called (fe)?male"):
        replay(Classifier(open_bundle(copy)))
