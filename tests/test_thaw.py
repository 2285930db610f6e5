# SPDX-License-Identifier: Apache-2.0
"""A bundle's int8 model as a run again: it says the same, and it goes on learning."""

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from untrained_runs import finished

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, DatasetError
from device.records import FaceCrop
from training.calibrate import float_logits
from training.cli import main
from training.config import TrainConfig, read_config
from training.data import as_float
from training.datasets import open_dataset
from training.export import Export, export
from training.finished import best
from training.int8_run import Int8Run
from training.method import method
from training.models.settings import SETTINGS, settings_for, settings_told
from training.prepare import prepare
from training.prepared import Prepared, open_prepared
from training.thaw import thaw
from training.train import train

pytestmark = pytest.mark.training

SETTINGS_OF: dict[str, dict[str, Any]] = {
    "mobilenet_v2": {"width": 0.35, "blocks": 8, "top_channels": 128},
    "efficientnet_lite": {"variant": 1, "blocks": 5, "top_channels": 64},
}


@pytest.fixture(scope="module", params=SETTINGS_OF)
def run(
    request: pytest.FixtureRequest,
    prepared_faces: Prepared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A float run with random weights."""
    name: str = request.param
    model = settings_for(name, input_size=64, **SETTINGS_OF[name])
    config = TrainConfig(prepared_faces.folder, architecture=name, model=model)
    return finished(tmp_path_factory.mktemp("runs") / name, config)


@pytest.fixture(scope="module")
def bundle(
    run: Path, detector: Detector, faces_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    target = tmp_path_factory.mktemp("models") / "small"
    with open_dataset(faces_directory) as faces, pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.quantise.REPRESENTATIVE", (128,))
        order = Export(workdir=run, target=target, version="2.1", golden=faces)
        return export(order, detector=detector)


@pytest.fixture(scope="module")
def thawed(
    bundle: Path, prepared_faces: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    workdir = tmp_path_factory.mktemp("thawed")
    with pytest.MonkeyPatch.context() as patch:
        # Labels of a network that has learnt nothing all lie next to the even point.
        patch.setattr("training.thaw.LEAST_AGREEMENT", 0.0)
        thaw(open_bundle(bundle), prepared_faces, workdir)
    return workdir


def folded(model: Any) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Kernel, outputs last, and shift of each convolution with its normalisation in it."""
    for layer in model.layers:
        if layer.name.endswith("_conv"):
            after = model.get_layer(layer.name.removesuffix("_conv") + "_bn")
            gamma, beta, mean, variance = (w.astype(np.float64) for w in after.get_weights())
            scale = gamma / np.sqrt(variance + after.epsilon)
            (kernel,) = layer.get_weights()
            if "depthwise" in layer.name:
                kernel = kernel.swapaxes(2, 3)
            yield kernel * scale, beta - mean * scale


def test_it_has_the_weights_that_were_quantised(run: Path, thawed: Path) -> None:
    """Each kernel to half of an int8 step, and each shift."""
    there, back = best(run), best(thawed)
    layers = 0
    for (kernel, shift), (found, moved) in zip(folded(there), folded(back), strict=True):
        step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
        assert (np.abs(kernel - found) <= 0.51 * step + 1e-7).all()
        assert np.allclose(shift, moved, atol=0.01)  # in steps of input times kernel
        layers += 1
    assert layers > 10
    for one, other in zip(
        there.get_layer("head").get_weights(), back.get_layer("head").get_weights(), strict=True
    ):
        assert np.abs(one - other).max() <= np.abs(one).max() / 127 + 1e-7


def test_it_normalises_as_a_batch_of_training_crops_does(
    thawed: Path, prepared_faces: Prepared
) -> None:
    """In training mode, whose statistics are the batch's, it says nearly the same."""
    model = best(thawed)
    for layer in model.layers:
        if layer.name == "dropout":
            layer.rate = 0.0
    pixels = as_float(prepared_faces.crops()[prepared_faces.indices("train")])
    calm = np.array(model(pixels, training=False))
    learning = np.array(model(pixels, training=True))
    assert np.abs(calm - learning).mean() < 0.02


def kernels(model: Any) -> list[NDArray[np.float32]]:
    return [layer.get_weights()[0] for layer in model.layers if layer.name.endswith("_conv")]


def test_a_run_starts_from_it_and_says_so(
    thawed: Path, bundle: Path, prepared_faces: Prepared, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        read_config(thawed),
        thawed="",
        start=thawed,
        teachers=(thawed,),
        frozen_epochs=0,
        epochs=1,
        batch=16,
        max_steps=1,
        rate=1e-7,
    )
    train(config, tmp_path / "run")
    begun, ended = best(thawed), best(tmp_path / "run")
    for before, after in zip(kernels(begun), kernels(ended), strict=True):
        assert np.allclose(before, after, atol=1e-5)
    identity = open_bundle(bundle).identity
    further = Int8Run(tmp_path / "run")
    told = f"From the int8 weights of {identity}, taken back to float. Then from those weights"
    assert told in method([further])
    assert further.starting_weights == (f"starting weights {identity}",)


def test_a_shipped_model_says_in_float_what_it_says_in_int8(
    models_directory: Path,
    faces_directory: Path,
    detector: Detector,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    classifier = Classifier(open_bundle(models_directory / "tiny"))
    folder, workdir = tmp_path / "prepared", tmp_path / "run"
    with open_dataset(faces_directory) as faces:
        prepare([faces], folder, detector=detector, rule=classifier.rule, role="training")
    words = ["thaw", models_directory / "tiny", "--prepared", folder, "--workdir", workdir]
    assert main([str(word) for word in words]) == 0
    told = re.search(r"the label of int8 in ([0-9.]+)% of crops", capsys.readouterr().out)
    assert told is not None
    assert float(told[1]) >= 95
    crops = open_prepared(folder).crops()[:100]
    network = classifier.first
    int8 = [network.logit(network.raw(FaceCrop(np.ascontiguousarray(crop)))) for crop in crops]
    floating = float_logits(best(workdir).predict(as_float(crops), verbose=0))
    assert np.std(int8) > 1  # it has learnt to tell faces apart
    assert np.corrcoef(int8, floating)[0, 1] > 0.98
    assert np.median(np.abs(np.array(int8) - floating)) < 0.3


def test_a_network_that_says_something_else_is_refused(
    bundle: Path, prepared_faces: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.thaw.LEAST_AGREEMENT", 1.01)
    with pytest.raises(DatasetError, match=r"the label of int8 in .* of 134 crops, expected 101%"):
        thaw(open_bundle(bundle), prepared_faces, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_crops_cut_by_another_rule_are_refused(
    models_directory: Path, prepared_faces: Prepared, tmp_path: Path
) -> None:
    default = open_bundle(models_directory / "default")
    with pytest.raises(
        DatasetError, match=r"crops cut with --size 64 .* with --size 128 --scale 1.1 "
    ):
        thaw(default, prepared_faces, tmp_path)


def test_what_cannot_be_thawed_is_named(
    bundle: Path, prepared_faces: Prepared, models_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="expected a classifier"):
        thaw(open_bundle(models_directory / "blazeface-short"), prepared_faces, tmp_path)
    with pytest.raises(DatasetError, match="one model, expected two; leave --second out"):
        thaw(open_bundle(bundle), prepared_faces, tmp_path / "run", second=True)
    copied = Path(shutil.copytree(bundle, tmp_path / "small"))
    manifest = json.loads((copied / "bundle.json").read_text())
    method_told = manifest["data"]["method"]
    for said, message in (
        (re.sub(r"blocks \d+", "blocks 4", method_told), "its weights do not fit"),
        ("resnet18, width 0.5, input 64 px, rgb. Then.", "other networks cannot be thawed"),
        ("", "other networks cannot be thawed"),
    ):
        manifest["data"]["method"] = said
        (copied / "bundle.json").write_text(json.dumps(manifest))
        with pytest.raises(DatasetError, match=message):
            thaw(open_bundle(copied), prepared_faces, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_read_back_from_their_words(name: str) -> None:
    default = settings_for(name)
    assert settings_told(name, default.words()) == default
    if name in SETTINGS_OF:
        other = settings_for(name, input_size=64, **SETTINGS_OF[name])
        assert settings_told(name, other.words()) == other
