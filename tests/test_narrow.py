# SPDX-License-Identifier: Apache-2.0
"""Starting a run from a finished one, equally wide or wider."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from untrained_runs import finished

from device.errors import DatasetError
from training.config import TrainConfig
from training.finished import build
from training.models.settings import EfficientNetLiteSettings, MobileNetV2Settings, ModelSettings
from training.narrow import start_from

pytestmark = pytest.mark.training


def config(width: float, size: int = 64) -> TrainConfig:
    return TrainConfig(prepared=Path(), model=MobileNetV2Settings(input_size=size, width=width))


def outputs(model: object, size: int) -> NDArray[np.float32]:
    pixels = np.random.default_rng(1).uniform(-1, 1, (3, size, size, 3)).astype(np.float32)
    return np.asarray(model.predict(pixels, verbose=0))  # type: ignore[attr-defined]


def test_an_equal_run_is_taken_over_as_it_is(tmp_path: Path) -> None:
    workdir = finished(tmp_path, config(0.5))
    donor = build(config(0.5))
    donor.load_weights(workdir / "best.weights.h5")
    model = build(config(0.5))
    start_from(model, config(0.5), workdir)
    assert np.array_equal(outputs(model, 64), outputs(donor, 64))


def test_channels_that_do_nothing_are_the_ones_left_out(tmp_path: Path) -> None:
    """A wide model that uses only as many channels as the slim one has gives the same outputs."""
    wide_config, slim_config = config(0.5), config(0.35)
    workdir = finished(tmp_path, config(0.5))
    wide, slim = build(wide_config), build(slim_config)
    wide.load_weights(workdir / "best.weights.h5")
    rng = np.random.default_rng(5)
    stages: dict[int, NDArray[np.int64]] = {}
    for layer in wide.layers:
        if not layer.name.endswith("_bn"):
            continue
        keep = slim.get_layer(layer.name).get_weights()[0].shape[0]
        gamma, beta, mean, variance = layer.get_weights()
        if layer.name.endswith("_project_bn"):  # added to each other: the same must be silent
            silent = stages.setdefault(len(gamma), rng.permutation(len(gamma))[keep:])
        elif layer.name.endswith("_depthwise_bn") and layer.name != "block0_depthwise_bn":
            silent = rng.permutation(len(gamma))[keep:]
        elif layer.name == "stem_bn":
            silent = stem = rng.permutation(len(gamma))[keep:]
        elif layer.name == "block0_depthwise_bn":
            silent = stem
        else:
            continue
        gamma[silent] = beta[silent] = 0
        layer.set_weights([gamma, beta, mean, variance])
    wide.save_weights(workdir / "best.weights.h5")
    start_from(slim, slim_config, workdir)
    assert np.allclose(outputs(slim, 64), outputs(wide, 64), atol=1e-5)
    assert np.ptp(outputs(slim, 64)[:, 0]) > 1e-4  # the outputs do depend on the pixels


def test_a_narrower_run_is_refused(tmp_path: Path) -> None:
    workdir = finished(tmp_path, config(0.35))
    with pytest.raises(DatasetError, match="expected at least"):
        start_from(build(config(0.5)), config(0.5), workdir)


@pytest.mark.parametrize(
    ("whole", "short"),
    [
        (
            MobileNetV2Settings(input_size=64, width=0.35),
            MobileNetV2Settings(input_size=64, width=0.35, blocks=12, top_channels=64),
        ),
        (
            EfficientNetLiteSettings(input_size=64),
            EfficientNetLiteSettings(input_size=64, blocks=12, top_channels=64),
        ),
    ],
    ids=lambda settings: settings.architecture,
)
def test_a_shallower_run_keeps_the_blocks_that_it_has(
    tmp_path: Path, whole: ModelSettings, short: ModelSettings
) -> None:
    earlier, now = (
        TrainConfig(prepared=Path(), architecture=settings.architecture, model=settings)
        for settings in (whole, short)
    )
    workdir = finished(tmp_path, earlier)
    donor, model = build(earlier), build(now)
    donor.load_weights(workdir / "best.weights.h5")
    new = model.get_layer("top_conv").get_weights()[0]
    start_from(model, now, workdir)
    for layer in model.layers:
        if layer.name.startswith(("stem", "block")):
            for ours, theirs in zip(
                layer.get_weights(), donor.get_layer(layer.name).get_weights(), strict=True
            ):
                assert np.array_equal(ours, theirs), layer.name
    assert np.array_equal(model.get_layer("top_conv").get_weights()[0], new)
