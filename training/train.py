# SPDX-License-Identifier: Apache-2.0
"""train(config, workdir): resumable after a kill at any moment.

A workdir holds `config.json` (what was asked for; a second call with another config is refused) and
what training/run.py keeps. After quantisation-aware training it also holds `model.tflite`.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.backend import keras
from training.config import TrainConfig, claim, numbered
from training.distil import taught, watching
from training.finished import QUANTISED, best_aware, build
from training.folds import training_indices
from training.models import architecture
from training.narrow import start_from
from training.prepared import Prepared, open_prepared
from training.quantise import aware_to_int8
from training.run import Phase, Run
from training.runlog import Progress
from training.strategy import placed, refuse_several


def train(
    config: TrainConfig,
    workdir: Path,
    *,
    progress: Progress = lambda _: None,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train, or go on where an earlier call with the same config stopped.

    Args:
        config: what to train.
        workdir: see the module's text.
        progress: called with every event that is written to events.jsonl.
        asked_to_stop: asked after every step; once it says yes, the run saves and ends.

    Returns:
        The file with the best weights.

    Raises:
        DatasetError: the prepared folder is no such thing, has no training crops, or the workdir
            belongs to another config.
        InputError: TF_CONFIG is of no use, or the batch cannot be shared equally.
        TrainingError: the run has diverged, or another worker went away.
        StoppedError: it was asked to stop; the same call goes on.
    """
    prepared = open_prepared(config.prepared)
    config = numbered(config)
    workdir.mkdir(parents=True, exist_ok=True)
    claim(workdir, config)
    keras.utils.set_random_seed(config.seed)
    weights = Run(
        _model(config, prepared),
        phases=_phases(config),
        config=config,
        prepared=prepared,
        taught=functools.partial(_targets, config, prepared, workdir),
        watching=watching(config),
        folder=workdir,
        progress=progress,
        asked_to_stop=asked_to_stop,
    ).run()
    if config.quantisation_aware:
        fresh = workdir / "fresh.tflite"
        fresh.write_bytes(aware_to_int8(best_aware(workdir)))
        fresh.replace(workdir / QUANTISED)
    return weights


def _model(config: TrainConfig, prepared: Prepared) -> Any:
    """The model to begin with, where the strategy places it and in its precision."""
    with placed(config.precision):
        if config.quantisation_aware:
            refuse_several("quantisation-aware training")
        if config.mixup:
            refuse_several("mixing crops")
        model = build(config)
        if config.start is not None:
            start_from(model, config, config.start)
    return _rehearsing(model, config, prepared) if config.quantisation_aware else model


def _targets(
    config: TrainConfig, prepared: Prepared, workdir: Path, indices: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What `taught` says, kept in the workdir: a resumed run asks no teacher twice."""
    kept = workdir / "targets.npy"
    if kept.exists():
        targets: NDArray[np.float32] = np.load(kept)
        return targets
    targets = taught(config, prepared, indices)
    if config.teachers and not config.consistent:
        fresh = workdir / f"targets.{os.getpid()}.npy"  # every worker may write the same
        np.save(fresh, targets)
        fresh.replace(kept)
    return targets


def _rehearsing(model: Any, config: TrainConfig, prepared: Prepared) -> Any:
    """The model with fake quantisation, its ranges started on training crops."""
    from training.qat import aware, set_ranges  # noqa: PLC0415  # tfmot only where it is needed

    learnt = training_indices(config, prepared)
    chosen = np.random.default_rng(config.seed).permutation(learnt)[:512]
    wrapped = aware(model)
    set_ranges(wrapped, model, prepared.crops()[chosen])
    return wrapped


def _phases(config: TrainConfig) -> tuple[Phase, ...]:
    """Staged unfreezing: the last layer alone, then from the top stage on, then everything."""
    top = architecture(config.architecture).top(config.model)
    stages = (
        Phase("frozen", config.frozen_epochs, config.frozen_rate, "head"),
        Phase("top", config.top_epochs, config.top_rate, top),
        Phase("unfrozen", config.epochs, config.rate),
    )
    return tuple(phase for phase in stages if phase.epochs)
