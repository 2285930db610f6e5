# SPDX-License-Identifier: Apache-2.0
"""Models of a config: untrained, or with the weights of a run's best epoch."""

import dataclasses
from pathlib import Path
from typing import Any, Final

from device.errors import DatasetError
from training.config import TrainConfig, read_config
from training.models import architecture

WEIGHTS: Final = "best.weights.h5"
"""In the workdir of every run: the weights of its best epoch."""
QUANTISED: Final = "model.tflite"
"""In the workdir of a quantisation-aware run: its int8 model."""


def build(config: TrainConfig) -> Any:
    """The untrained model of a config."""
    return architecture(config.architecture).build(config.model)


def best(workdir: Path) -> Any:
    """The float model with the weights of a run's best epoch.

    Raises:
        DatasetError: there is no run, or no epoch of it has ended.
    """
    config, model, weights = _finished(workdir)
    if not config.quantisation_aware:
        model.load_weights(weights)
        return model
    from training.qat import plain  # noqa: PLC0415  # tfmot only where it is needed

    return plain(best_aware(workdir), model)


def best_aware(workdir: Path) -> Any:
    """The model of a quantisation-aware run with its fake quantisation, at its best epoch.

    Raises:
        DatasetError: there is no run, or no epoch of it has ended.
    """
    from training.qat import aware  # noqa: PLC0415

    _, model, weights = _finished(workdir)
    wrapped = aware(model)
    wrapped.load_weights(weights)
    return wrapped


def _finished(workdir: Path) -> tuple[TrainConfig, Any, Path]:
    """A run's config, its untrained float model, and the file of its best weights."""
    config = read_config(workdir)
    weights = workdir / WEIGHTS
    if not weights.exists():
        raise DatasetError(f"{workdir}: no epoch has ended yet; let `training train` go on")
    fresh = dataclasses.replace(config.model, pretrained=None)
    return config, build(dataclasses.replace(config, model=fresh)), weights
