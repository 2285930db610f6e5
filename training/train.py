# SPDX-License-Identifier: Apache-2.0
"""train(config, workdir): resumable after a kill at any moment.

A workdir holds `config.json` (what was asked for; a second call with another config is refused) and
what training/run.py keeps.
"""

import dataclasses
from pathlib import Path
from typing import Any

from device.errors import DatasetError
from training.backend import keras
from training.config import TrainConfig, claim, read_config
from training.models import architecture
from training.prepared import open_prepared
from training.run import Phase, Run
from training.runlog import Progress


def train(config: TrainConfig, workdir: Path, *, progress: Progress = lambda _: None) -> Path:
    """Train, or go on where an earlier call with the same config stopped.

    Args:
        config: what to train.
        workdir: see the module's text.
        progress: called with every event that is written to events.jsonl.

    Returns:
        The file with the best weights.

    Raises:
        DatasetError: the prepared folder is no such thing, has no training crops, or the workdir
            belongs to another config.
    """
    prepared = open_prepared(config.prepared)
    workdir.mkdir(parents=True, exist_ok=True)
    claim(workdir, config)
    keras.utils.set_random_seed(config.seed)
    return Run(
        build(config),
        phases=(
            Phase("frozen", config.frozen_epochs, config.frozen_rate, "head"),
            Phase("unfrozen", config.epochs, config.rate),
        ),
        config=config,
        prepared=prepared,
        folder=workdir,
        progress=progress,
    ).run()


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
