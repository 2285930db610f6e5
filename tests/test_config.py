# SPDX-License-Identifier: Apache-2.0
"""config.json: what was asked for comes back, from earlier versions too."""

import json
from pathlib import Path

import pytest

from device.errors import DatasetError, InputError
from training.config import TrainConfig, claim, read_config
from training.models.settings import CnnSettings, MobileNetV2Settings, ResNet18Settings

# As written before there were several architectures, phases but two, and settings of their own.
EARLIER = """{
 "prepared": "/tmp/work/prepared2", "architecture": "mobilenet_v2",
 "model": {"input_size": 96, "width": 1.0, "dropout": 0.2, "pretrained": "../backbone.weights.h5"},
 "frozen_epochs": 1, "epochs": 16, "batch": 64, "frozen_rate": 0.002, "rate": 0.0006,
 "weight_decay": 0.01, "label_smoothing": 0.05, "seed": 1, "max_steps": null,
 "checkpoint_seconds": 60.0
}"""
WANTED = TrainConfig(
    prepared=Path("/tmp/work/prepared2"),  # noqa: S108  as it stands in the text
    model=MobileNetV2Settings(pretrained=Path("../backbone.weights.h5")),
    epochs=16,
)


def test_a_run_of_an_earlier_version_opens_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(EARLIER)
    (tmp_path / "events.jsonl").write_text("{}\n")
    assert read_config(tmp_path) == WANTED
    claim(tmp_path, WANTED)
    assert (tmp_path / "config.json").read_text() == EARLIER


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(prepared=Path("p"), top_epochs=3, teachers=(Path("a"), Path("b"))),
        TrainConfig(prepared=Path("p"), architecture="cnn", model=CnnSettings(blocks=4)),
        TrainConfig(prepared=Path("p"), architecture="resnet18", model=ResNet18Settings(width=0.9)),
    ],
    ids=lambda config: config.architecture,
)
def test_each_architecture_s_settings_come_back(tmp_path: Path, config: TrainConfig) -> None:
    claim(tmp_path, config)
    assert read_config(tmp_path) == config


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("architecture", "vgg", "no architecture 'vgg'; there are: cnn"),
        ("model", {"width": 7}, "width is 7"),
        ("epochs", "many", "Expected `int`"),
    ],
)
def test_what_is_wrong_in_a_config_is_said(
    tmp_path: Path, key: str, value: object, sentence: str
) -> None:
    changed = {**json.loads(EARLIER), key: value}
    (tmp_path / "config.json").write_text(json.dumps(changed))
    with pytest.raises(DatasetError, match=sentence):
        read_config(tmp_path)


def test_settings_of_another_architecture_are_refused() -> None:
    with pytest.raises(InputError, match="resnet18 was given CnnSettings, expected ResNet18"):
        TrainConfig(prepared=Path(), architecture="resnet18", model=CnnSettings())
