# SPDX-License-Identifier: Apache-2.0
"""Finished runs that were never trained, for tests of what goes on from one."""

from pathlib import Path

import numpy as np

from training.backend import keras
from training.config import TrainConfig, claim
from training.finished import build


def finished(folder: Path, config: TrainConfig) -> Path:
    """A workdir with random weights through which a signal passes; returns it."""
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(7)
    model = build(config)
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if layer.name.endswith("_bn"):
            shape = layer.get_weights()[0].shape
            # A small variance keeps the signal up through untrained layers.
            bounds = ((0.5, 1.5), (-0.2, 0.2), (-0.1, 0.1), (0.02, 0.05))
            layer.set_weights([rng.uniform(low, high, shape) for low, high in bounds])
    claim(folder, config)
    model.save_weights(folder / "best.weights.h5")
    return folder
