# SPDX-License-Identifier: Apache-2.0
"""Architectures: their settings, their parameters, and that each learns, in whole and in part."""

from typing import Any

import numpy as np
import pytest

from device.errors import InputError
from training.backend import keras
from training.models import architecture
from training.models.inverted import take_over
from training.models.settings import (
    IMAGENET,
    SETTINGS,
    CnnSettings,
    EfficientNetLiteSettings,
    MobileNetV2Settings,
    ModelSettings,
    ResNet18Settings,
    settings_for,
)
from training.run import let_learn

pytestmark = pytest.mark.training

SMALL = {
    "cnn": CnnSettings(input_size=64, blocks=4, filters=8),
    "mobilenet_v2": MobileNetV2Settings(input_size=64, width=0.35),
    "resnet18": ResNet18Settings(input_size=64, width=0.125),
    "efficientnet_lite": EfficientNetLiteSettings(input_size=64),
}


def build(settings: ModelSettings) -> Any:
    return architecture(settings.architecture).build(settings)


def parameters(settings: ModelSettings) -> int:
    return int(build(settings).count_params())


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        # Keras's documentation of each width without top, and the head's 2 x (channels + 1).
        (0.35, 410_208 + 2_562),
        (0.5, 706_224 + 2_562),
        (0.75, 1_382_064 + 2_562),
        (1.0, 2_257_984 + 2_562),
    ],
)
def test_mobilenet_v2_has_its_parameters(width: float, expected: int) -> None:
    assert parameters(MobileNetV2Settings(width=width)) == expected


def test_cnn_and_resnet18_have_their_parameters() -> None:
    assert parameters(CnnSettings()) == 377_041
    assert parameters(ResNet18Settings()) == 2_804_194


def test_resnet18_is_the_paper_s_at_full_width() -> None:
    """torchvision's has 11,689,512 parameters, of which 513,000 are in its 1,000-class layer."""
    full = ResNet18Settings(input_size=64)
    object.__setattr__(full, "width", 1.0)  # is refused otherwise, for its size
    learnt = sum(int(np.prod(w.shape)) for w in build(full).trainable_weights)
    assert learnt == 11_689_512 - 513_000 + 2 * 513


@pytest.mark.parametrize(("variant", "expected"), [(0, 4_652_008), (1, 5_416_680), (2, 6_092_072)])
def test_efficientnet_lite_has_its_parameters(variant: int, expected: int) -> None:
    """timm's tf_efficientnet_lite0 to 2, of which 1,281,000 are in the 1,000-class layer."""
    model = build(EfficientNetLiteSettings(input_size=64, variant=variant))
    learnt = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert learnt == expected - 1_281_000 + 2 * 1_281


@pytest.mark.parametrize(("variant", "blocks"), [(0, 16), (1, 21), (2, 21)])
def test_efficientnet_lite_tells_of_the_blocks_that_it_has(variant: int, blocks: int) -> None:
    settings = EfficientNetLiteSettings(input_size=64, variant=variant)
    built = {layer.name.split("_")[0] for layer in build(settings).layers}
    assert len([name for name in built if name.startswith("block")]) == settings.blocks == blocks
    assert f"blocks {blocks}, " in settings.words()
    assert EfficientNetLiteSettings(variant=variant, blocks=9).blocks == 9


@pytest.mark.parametrize("name", SETTINGS)
def test_one_step_of_every_phase_changes_what_it_may_and_nothing_else(name: str) -> None:
    """The head, then the top, then everything; the rest keeps its weights bit by bit."""
    model = build(SMALL[name])
    names = [layer.name for layer in model.layers]
    size, channels = model.input_shape[1], model.input_shape[3]
    rng = np.random.default_rng(3)
    pixels = rng.uniform(-1, 1, (8, size, size, channels)).astype(np.float32)
    wanted = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 8)]
    for learns in ("head", architecture(name).top(SMALL[name]), "all"):
        let_learn(model, learns)
        before = [layer.get_weights() for layer in model.layers]
        # Eagerly: tracing a graph for the single step would take ten times as long.
        model.compile(keras.optimizers.Adam(1e-2), "categorical_crossentropy", run_eagerly=True)
        assert np.isfinite(model.train_on_batch(pixels, wanted))
        changed = {
            layer.name
            for layer, old in zip(model.layers, before, strict=True)
            if any(not np.array_equal(a, b) for a, b in zip(layer.get_weights(), old, strict=True))
        }
        first = 0 if learns == "all" else names.index(learns)
        learning = {layer.name for layer in model.layers[first:] if layer.weights}
        assert changed == learning
        assert "head" in changed
    assert names[-1] in ("head", "probabilities")


def test_cnn_is_one_sigmoid_unit_under_binary_cross_entropy() -> None:
    model = build(SMALL["cnn"])
    head = model.get_layer("head")
    assert head.units == 1
    pixels = np.random.default_rng(5).uniform(-1, 1, (16, 64, 64, 1)).astype(np.float32)
    logits = keras.Model(model.input, head.output).predict(pixels, verbose=0)[:, 0]
    louder = 3 / np.abs(logits).max()  # far from where Keras clips probabilities
    logits = logits * louder
    head.set_weights([weights * louder for weights in head.get_weights()])
    pair = model.predict(pixels, verbose=0)
    sigmoid = 1 / (1 + np.exp(-logits.astype(np.float64)))
    assert np.allclose(pair, np.stack([sigmoid, 1 - sigmoid], axis=1), atol=1e-5)
    female = (np.arange(16) % 2).astype(np.float32)
    binary = keras.losses.BinaryCrossentropy()(female, sigmoid)
    both = keras.losses.CategoricalCrossentropy()(np.stack([female, 1 - female], axis=1), pair)
    assert float(both) == pytest.approx(float(binary), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("mobilenet_v2", {"width": 0.4}, "width is 0.4, expected one of 0.35, 0.5, 0.75, 1.0"),
        ("mobilenet_v2", {"input_size": 224}, "input_size is 224, expected 64 to 160"),
        ("mobilenet_v2", {"padding": "left"}, "padding is left, expected one of torch, keras"),
        ("mobilenet_v2", {"filters": 4}, "no setting filters; it has: dropout, width"),
        ("resnet18", {"width": 1.0}, "width is 1.0, expected 0.125 to 0.9"),
        ("resnet18", {"pretrained": IMAGENET}, "or choose mobilenet_v2 or efficientnet_lite"),
        ("efficientnet_lite", {"variant": 3}, "variant is 3, expected one of 0, 1, 2"),
        ("efficientnet_lite", {"colour": "grey"}, "colour is grey, expected one of rgb"),
        ("cnn", {"dropout": 1.0}, "dropout is 1.0, expected 0.0 to 0.9"),
        ("cnn", {"dropout": float("nan")}, "dropout is nan, expected 0.0 to 0.9"),
        ("cnn", {"colour": "blue"}, "colour is blue, expected one of rgb, grey"),
        ("cnn", {"width": 0.5}, "no setting width; it has: dropout, blocks, filters, dense"),
        (
            "vgg",
            {},
            "no architecture 'vgg'; there are: cnn, mobilenet_v2, resnet18, efficientnet_lite",
        ),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(
    name: str, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        settings_for(name, **given)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        *(MobileNetV2Settings(input_size=64, width=0.35, blocks=n) for n in (4, 14, 17)),
        *(EfficientNetLiteSettings(input_size=64, variant=1, blocks=n) for n in (4, 16, 21)),
    ],
    ids=str,
)
def test_a_short_network_has_its_blocks_and_a_top_stage_too(
    settings: MobileNetV2Settings | EfficientNetLiteSettings,
) -> None:
    names = {layer.name for layer in build(settings).layers}
    assert architecture(settings.architecture).top(settings) in names
    assert sum(name.endswith("_project_conv") for name in names) == settings.blocks


@pytest.mark.parametrize(("blocks", "top_channels"), [(5, 1280), (16, 64), (16, 1280)])
def test_a_cut_network_takes_over_what_it_has(blocks: int, top_channels: int) -> None:
    whole, cut = (
        keras.Model(model.input, model.get_layer("top_relu").output)
        for model in (
            build(EfficientNetLiteSettings(input_size=64)),
            build(
                EfficientNetLiteSettings(input_size=64, blocks=blocks, top_channels=top_channels)
            ),
        )
    )
    for layer in whole.layers:
        if layer.name.endswith("_bn"):
            layer.set_weights([np.full_like(w, 0.5) for w in layer.get_weights()])
    before = {layer.name: layer.get_weights() for layer in cut.layers}
    take_over(whole, cut)
    as_whole = (blocks, top_channels) == (16, 1280)
    for layer in cut.layers:
        stays = layer.name.startswith("top_") and not as_whole
        expected = before[layer.name] if stays else whole.get_layer(layer.name).get_weights()
        for mine, other in zip(layer.get_weights(), expected, strict=True):
            assert np.array_equal(mine, other)


def test_defaults_are_the_documented_ones() -> None:
    assert (CnnSettings().input_size, CnnSettings().colour) == (128, "grey")
    assert settings_for("mobilenet_v2") == MobileNetV2Settings(
        input_size=96, width=1.0, padding="torch"
    )
    own = settings_for("mobilenet_v2", pretrained=IMAGENET)
    assert own == MobileNetV2Settings(padding="keras", pretrained=IMAGENET)
    assert ResNet18Settings(input_size=112).words() == "width 0.5, input 112 px, rgb"
