# SPDX-License-Identifier: Apache-2.0
"""ImageNet weights: Keras's own land where they belong, and what is wrong is said in a sentence."""

import dataclasses
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import DatasetError, InputError
from training import pretrained
from training.backend import keras
from training.models.mobilenet_v2 import build
from training.models.settings import IMAGENET, MobileNetV2Settings

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def published() -> Any:
    """Keras's own MobileNetV2, with weights that differ everywhere instead of the downloaded."""
    model = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=0.35, include_top=False, weights=None
    )
    rng = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.get_weights()[0].shape
            bounds = ((0.5, 1.5), (-0.2, 0.2), (-0.1, 0.1), (0.5, 1.5))
            layer.set_weights([rng.uniform(low, high, shape) for low, high in bounds])
    return model


def features(model: Any, pixels: Any) -> Any:
    """What comes out of the backbone of a whole model."""
    return keras.Model(model.input, model.get_layer("top_relu").output).predict(pixels, verbose=0)


@pytest.mark.parametrize("colour", ["rgb", "grey"])
def test_keras_s_own_weights_give_keras_s_own_features(
    published: Any, colour: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the padding that they are at home with; grey counts as three equal colours."""
    asked = []

    def download(**wanted: Any) -> Any:
        asked.append(wanted)
        return published

    monkeypatch.setattr(keras.applications, "MobileNetV2", download)
    model = build(
        MobileNetV2Settings(width=0.35, padding="keras", colour=colour, pretrained=IMAGENET)
    )
    wanted = {"alpha": 0.35, "include_top": False, "weights": "imagenet"}
    assert asked == [{"input_shape": (96, 96, 3), **wanted}]
    pixels = np.random.default_rng(4).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    if colour == "grey":
        pixels = np.repeat(pixels[:, :, :, :1], 3, axis=3)
    expected = published.predict(pixels, verbose=0)
    mine = features(model, pixels if colour == "rgb" else pixels[:, :, :, :1])
    assert expected.std() > 1e-3
    assert np.allclose(mine, expected, atol=1e-4)


def test_a_short_network_takes_the_blocks_that_it_has(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.applications, "MobileNetV2", lambda **_: published)
    settings = MobileNetV2Settings(width=0.35, padding="keras", pretrained=IMAGENET)
    short = build(dataclasses.replace(settings, blocks=6, top_channels=64))
    pixels = np.random.default_rng(5).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    mine, expected = (
        keras.Model(model.input, model.get_layer(name).output).predict(pixels, verbose=0)
        for model, name in ((short, "block5_project_bn"), (published, "block_5_project_BN"))
    )
    assert expected.std() > 1e-3
    assert np.allclose(mine, expected, atol=1e-4)
    # The last convolution has nothing to take: it begins like any other.
    gamma, beta, mean, variance = short.get_layer("top_bn").get_weights()
    assert (gamma == 1).all() and (variance == 1).all() and not beta.any() and not mean.any()


def test_a_download_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras's real downloader, without a network."""

    def unreachable(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("tf_keras.src.utils.data_utils.urlretrieve", unreachable)
    monkeypatch.setenv("KERAS_HOME", "/nonexistent")
    with pytest.raises(InputError) as failed:
        pretrained.fill_backbone(build(MobileNetV2Settings(width=0.35)), IMAGENET, width=0.35)
    assert "cannot be downloaded (URL fetch failure on https://" in str(failed.value)
    assert "or give a file of your own with --pretrained" in str(failed.value)
    assert "\n" not in str(failed.value)


def test_another_fault_of_keras_is_not_called_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(keras.applications, "MobileNetV2", broken)
    with pytest.raises(ZeroDivisionError):
        build(MobileNetV2Settings(width=0.35, pretrained=IMAGENET))


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.weights.h5"
    path.write_text("no weights")
    with pytest.raises(DatasetError, match=r"notes\.weights\.h5: not the weights of a MobileNetV2"):
        build(MobileNetV2Settings(width=0.35, pretrained=path))
