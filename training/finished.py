# SPDX-License-Identifier: Apache-2.0
"""Models of a config: untrained, or with the weights of a run's best epoch."""

import dataclasses
from pathlib import Path
from typing import Any

from device.errors import DatasetError
from training.config import TrainConfig, read_config
from training.models import architecture


def build(config: TrainConfig) -> Any:
    """The untrained model of a config."""
    return architecture(config.architecture).build(config.model)


def best(workdir: Path) -> Any:
    """The float model with the weights of a run's best epoch.

    Raises:
        DatasetError: there is no run, or no epoch of it has ended.
    """
    config = read_config(workdir)
    weights = workdir / "best.weights.h5"
    if not weights.exists():
        raise DatasetError(f"{workdir}: no epoch has ended yet; let `training train` go on")
    fresh = dataclasses.replace(config.model, pretrained=None)
    model = build(dataclasses.replace(config, model=fresh))
    model.load_weights(weights)
    return model
