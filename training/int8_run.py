# SPDX-License-Identifier: Apache-2.0
"""The int8 model of a finished run, and what stands beside it on a card."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import DatasetError
from training.config import TrainConfig, lineage, read_config
from training.finished import QUANTISED, best
from training.folds import training_indices
from training.prepared import Prepared, open_prepared
from training.quantise import to_int8


@dataclass(frozen=True)
class Int8Run:
    """A finished run.

    Attributes:
        workdir: of the run.

    Raises:
        DatasetError: there is no run, or no epoch of it has ended.
    """

    workdir: Path

    @cached_property
    def config(self) -> TrainConfig:
        """What was asked for."""
        return read_config(self.workdir)

    @cached_property
    def prepared(self) -> Prepared:
        """The crops that it learnt from, and those that it did not."""
        return open_prepared(self.config.prepared)

    @cached_property
    def model(self) -> Any:
        """The float model at its best epoch."""
        return best(self.workdir)

    @property
    def aware(self) -> bool:
        """Whether it rehearsed int8."""
        return (self.workdir / QUANTISED).exists()

    @cached_property
    def int8(self) -> bytes:
        """The .tflite file that rehearsal left; else the model is quantised after training."""
        if self.aware:
            return (self.workdir / QUANTISED).read_bytes()
        learnt = training_indices(self.config, self.prepared)
        chosen = np.random.default_rng(self.config.seed).permutation(learnt)[:1000]
        crops = self.prepared.crops()
        judges = crops[self.prepared.indices("select")]
        return to_int8(self.model, crops[chosen], judges=judges)

    @property
    def starting_weights(self) -> tuple[str, ...]:
        """Files or bundles of weights that it, or a run that it started from, began with."""
        line = lineage(self.config)
        thawed = [one.thawed for one in line if one.thawed]
        files = [one.model.pretrained.name for one in line if one.model.pretrained is not None]
        return tuple(f"starting weights {name}" for name in (*thawed, *files))


def refuse_unlike(first: Int8Run, second: Int8Run) -> None:
    """Refuse two models that would see other crops, or of which one learnt from held-out ones.

    Raises:
        DatasetError: the second run learnt from another prepared folder than the first.
    """
    folders = [run.prepared.folder.resolve() for run in (first, second)]
    if folders[0] != folders[1]:
        raise DatasetError(
            f"{second.workdir} learnt from {folders[1]}, expected {folders[0]} like "
            f"{first.workdir}: both models of a bundle see the same crops, and none of those held "
            "out; train the second one on that folder"
        )
