# SPDX-License-Identifier: Apache-2.0
"""`training train`: what its arguments ask for, and that its help explains it to a stranger."""

import argparse
import dataclasses
from pathlib import Path

import pytest

from device.errors import InputError
from training.cli import main
from training.config import TrainConfig
from training.models.settings import (
    SETTINGS,
    CnnSettings,
    MobileNetV2Settings,
    ResNet18Settings,
    own_settings,
)
from training.verbs.train import add_arguments, configured


def config(*words: str, size: int = 96, colour: str = "rgb") -> TrainConfig:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(["prepared", "--workdir", "run", *words])
    return configured(args, size=size, colour=colour)


def test_nothing_given_is_the_default_run() -> None:
    assert config() == TrainConfig(prepared=Path("prepared"), model=MobileNetV2Settings())


def test_each_architecture_takes_its_own_settings() -> None:
    assert config("--width", "0.5", "--dropout", "0").model == MobileNetV2Settings(
        width=0.5, dropout=0.0
    )
    cnn = config("--architecture", "cnn", "--blocks", "4", size=128, colour="grey")
    assert cnn.model == CnnSettings(blocks=4)
    wide = config("--architecture", "resnet18", "--width", "0.9", size=112)
    assert wide.model == ResNet18Settings(width=0.9, input_size=112)


def test_a_head_is_not_trained_on_random_features_unless_asked() -> None:
    assert config("--architecture", "cnn").frozen_epochs == 0
    assert config("--architecture", "cnn", "--frozen-epochs", "2").frozen_epochs == 2
    assert config("--architecture", "cnn", "--start", "earlier").frozen_epochs == 1


def test_the_phases_have_epochs_and_rates_of_their_own() -> None:
    words = (
        "--frozen-epochs 2 --frozen-rate 0.1 --top-epochs 3 --top-rate 0.2 --epochs 4 --rate 0.3"
    )
    asked = config(*words.split())
    assert (asked.frozen_epochs, asked.top_epochs, asked.epochs) == (2, 3, 4)
    assert (asked.frozen_rate, asked.top_rate, asked.rate) == (0.1, 0.2, 0.3)
    strictly = config("--frozen-epochs", "8", "--epochs", "0")
    assert (strictly.frozen_epochs, strictly.top_epochs, strictly.epochs) == (8, 0, 0)


def test_keras_s_own_weights_bring_their_padding() -> None:
    model = config("--pretrained", "imagenet").model
    assert isinstance(model, MobileNetV2Settings)
    assert model.padding == "keras"
    told = config("--pretrained", "imagenet", "--padding", "torch").model
    assert isinstance(told, MobileNetV2Settings)
    assert told.padding == "torch"
    file = config("--pretrained", "backbone.weights.h5").model
    assert file == MobileNetV2Settings(pretrained=Path("backbone.weights.h5"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--width 0.6", "mobilenet_v2: width is 0.6, expected one of 0.35, 0.5, 0.75, 1.0, 1.3"),
        ("--architecture cnn --width 0.5", "cnn has no setting width; it has: dropout, blocks"),
        ("--architecture resnet", "no architecture 'resnet'; there are: cnn, mobilenet_v2"),
        ("--architecture cnn --pretrained imagenet", "there are no ImageNet weights for it"),
        ("--frozen-epochs 0 --epochs 0", "no epoch to train, expected at least one"),
    ],
)
def test_what_cannot_be_trained_is_refused(words: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        config(*words.split())


def test_help_tells_every_setting_with_its_limits_and_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    for architecture, kind in SETTINGS.items():
        for name, each in own_settings(kind).items():
            assert f"--{name.replace('_', '-')} VALUE" in told
            assert f"{architecture}: {each.metadata['limit']} ({each.default})" in told
    told_elsewhere = {"prepared", "model", "teachers", "weight_decay", "label_smoothing"}
    not_asked = {"thawed", "first_epoch"}  # the runs that one comes from decide
    for field in (
        {each.name for each in dataclasses.fields(TrainConfig)} - told_elsewhere - not_asked
    ):
        if field != "checkpoint_seconds":
            assert f"--{field.replace('_', '-')}" in told
