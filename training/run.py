# SPDX-License-Identifier: Apache-2.0
"""The loop of a training run: phases of epochs that any step can be resumed from.

A run's folder holds
- `events.jsonl`: one line for each start, second of steps, epoch and end, as they happen,
- `history.csv`: one row for each epoch,
- `checkpoints/`: everything that is needed to go on, written every `checkpoint_seconds`,
- `best.weights.h5`: the weights of the epoch with the highest accuracy on the `select` split.
Of several workers (training/strategy.py) the chief alone writes there; all of them resume from it.
"""

import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError, TrainingError
from training.backend import keras, tf
from training.config import TrainConfig
from training.data import LABELS, Share, Vary, as_float, targets, training_batches
from training.finished import WEIGHTS
from training.folds import training_indices
from training.prepared import Prepared
from training.runlog import Progress, RunLog
from training.steps import Steps, refuse_nan
from training.strategy import Crew

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phase:
    """Epochs in which the same layers learn at one falling rate.

    Attributes:
        name: as it stands in the history.
        epochs: how many.
        rate: peak learning rate; it rises for a quarter of an epoch, then falls as a half cosine.
        learns: name of the first layer that learns: it and all after it, so that "head" is the last
            layer alone; or "all".
    """

    name: str
    epochs: int
    rate: float
    learns: str = "all"


def let_learn(model: Any, first: str) -> None:
    """Let the layer of this name and all after it learn ("all" for every layer), and no other."""
    begin = 0 if first == "all" else [layer.name for layer in model.layers].index(first)
    for i, layer in enumerate(model.layers):
        layer.trainable = i >= begin


class Run:
    """Trains a model through its phases, or goes on where an earlier process stopped.

    Args:
        model: a compiled or uncompiled Keras model; float32[n, s, s, 3] -> float32[n, 2]. It learns
            on all replicas of the strategy, and in the precision, that it was built under.
        phases: what to do, in order.
        config: batch, seed, decay and the like.
        prepared: the crops.
        taught: gives the targets of training rows, int64[k] -> float32[k, 2].
        watching: makes other targets of a step's augmented crops and targets.
        folder: see the module's text.
        progress: called with every event.
        asked_to_stop: says, after each step, whether to save and end.

    Raises:
        DatasetError: the crops are too few or all of one label.
        InputError: the batch cannot be shared equally among the replicas.
        TrainingError: workers have begun from different steps or with different crops.
    """

    def __init__(
        self,
        model: Any,
        *,
        phases: Sequence[Phase],
        config: TrainConfig,
        prepared: Prepared,
        taught: Callable[[NDArray[np.int64]], NDArray[np.float32]],
        watching: Callable[[Any, Any], Any] | None = None,
        folder: Path,
        progress: Progress,
        asked_to_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.model, self.config, self.folder = model, config, folder
        self.watching = watching
        self.phases, self.asked_to_stop = tuple(phases), asked_to_stop
        self.crew = Crew(model.distribute_strategy, batch=config.batch)
        self.crew.synchronise(model)
        self.log = RunLog(folder, progress=progress, writes=self.crew.chief)
        indices = _training_indices(config, prepared)
        self.pixels = prepared.wide()[indices]
        self.targets = taught(indices)
        select = prepared.indices("select")
        self.select = (as_float(prepared.crops()[select]), targets(prepared, select))
        self.steps = min(len(indices) // config.batch, config.max_steps or 10**9)
        self._schedule = [phase for phase in phases for _ in range(phase.epochs)]
        self.steps_in_all = self.steps * len(self._schedule)
        self.best_weights = folder / WEIGHTS
        self._optimisers = {phase.name: self._optimiser(phase) for phase in phases}
        for phase in phases:  # builds the optimisers' slots, which the checkpoint restores
            self._compile(phase)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.judged = tf.Variable(0, dtype=tf.int64)
        self.best = tf.Variable(-1.0, dtype=tf.float64)
        checkpoint = tf.train.Checkpoint(
            model=model, step=self.step, judged=self.judged, best=self.best, **self._optimisers
        )
        self.manager = tf.train.CheckpointManager(
            checkpoint, str(self.crew.folder(folder) / "checkpoints"), max_to_keep=2
        )
        latest = tf.train.latest_checkpoint(str(folder / "checkpoints"))
        if latest:
            checkpoint.restore(latest)
            log.info("going on at step %d of %d", int(self.step), self.steps_in_all)
        if not self.crew.agreed(int(self.step), self.steps_in_all, zlib.crc32(indices.tobytes())):
            raise TrainingError(
                f"the workers differ in their next step (here {int(self.step)}) or their crops; "
                "give all of them the same command, the same prepared crops and one shared workdir"
            )

    def run(self) -> Path:
        """Train to the end; returns the file with the best weights.

        Raises:
            TrainingError: the loss is no finite number any more, or another worker went away.
            StoppedError: it was asked to stop.
        """
        self.log.event("start", step=int(self.step), steps=self.steps_in_all)
        with self.crew.together():
            for epoch in range(int(self.judged), len(self._schedule)):
                self._epoch(epoch, self._schedule[epoch])
        self.log.event("end", best=float(self.best))
        return self.best_weights

    def _optimiser(self, phase: Phase) -> Any:
        schedule = keras.optimizers.schedules.CosineDecay(
            phase.rate * 0.05,
            max(1, self.steps * phase.epochs),
            warmup_target=phase.rate,
            warmup_steps=max(1, self.steps // 4),
        )
        with self.crew.strategy.scope():
            optimiser = keras.optimizers.AdamW(
                schedule, weight_decay=self.config.weight_decay, global_clipnorm=5.0
            )
            if self.model.dtype_policy.name == "mixed_float16":  # whose gradients would underflow
                return keras.mixed_precision.LossScaleOptimizer(optimiser)
            return optimiser

    def _compile(self, phase: Phase) -> None:
        """Choose what learns. Each phase's optimiser keeps slots for its own variables only."""
        let_learn(self.model, phase.learns)
        optimiser = self._optimisers[phase.name]
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.config.label_smoothing)
        with self.crew.strategy.scope():
            optimiser.build(self.model.trainable_variables)
            self.model.compile(optimiser, loss, metrics=["accuracy"])

    def _epoch(self, epoch: int, phase: Phase) -> None:
        """Train one epoch (or what is left of it), judge it on `select`, keep the best."""
        self._compile(phase)
        history = self._fit(epoch, int(self.step) - epoch * self.steps)
        loss, accuracy = self._judge()
        refuse_nan(loss, self)
        row = {
            "epoch": epoch,
            "phase": phase.name,
            "loss": round(history["loss"][-1], 5),
            "accuracy": round(history["accuracy"][-1], 5),
            "select_loss": round(loss, 5),
            "select_accuracy": round(accuracy, 5),
        }
        # Accuracy is what counts; the loss breaks ties, which few hundred pictures make common.
        merit = accuracy - loss / 1e4
        self.log.epoch(row)  # before the weights: whoever finds weights finds a history too
        if merit > float(self.best):
            self.best.assign(merit)
            mine = self.crew.folder(self.folder)
            fresh = mine / "fresh.weights.h5"  # Keras insists on the ending
            self.model.save_weights(fresh)
            fresh.replace(mine / self.best_weights.name)
        self.judged.assign(epoch + 1)
        self.manager.save()
        self.log.event("epoch", **row)

    def _fit(self, epoch: int, done: int) -> dict[str, list[float]]:
        """Loss and accuracy of the steps after `done`; NaN where a kill left only the judging."""
        if done >= self.steps:
            return {"loss": [float("nan")], "accuracy": [float("nan")]}
        left = self.steps - done

        def batches(share: Share) -> Any:
            return training_batches(
                self.pixels,
                self.targets,
                size=self.config.model.input_size,
                batch=self.config.batch,
                seed=self.config.seed,
                epoch=self.config.first_epoch + epoch,
                first_step=done,
                share=share,
                vary=Vary(self.config.gamma, self.config.hide, self.config.mixup),
                retarget=self.watching,
            ).take(left * share.count)

        fitted = self.model.fit(
            self.crew.shared(batches), steps_per_epoch=left, verbose=0, callbacks=[Steps(self)]
        )
        history: dict[str, list[float]] = fitted.history
        return history

    def _judge(self) -> tuple[float, float]:
        """Loss (without smoothing) and accuracy on the select split."""
        pixels, labels = self.select
        probabilities = self.model.predict(pixels, batch_size=128, verbose=0)
        right = probabilities[np.arange(len(labels)), labels]
        loss = float(-np.log(np.maximum(right, 1e-7)).mean())
        return loss, float((probabilities.argmax(axis=1) == labels).mean())


def _training_indices(config: TrainConfig, prepared: Prepared) -> NDArray[np.int64]:
    indices, batch = training_indices(config, prepared), config.batch
    if len(indices) < batch:
        raise DatasetError(
            f"{prepared.folder}: {len(indices)} training crops, expected at least one batch of "
            f"{batch}; prepare without --test, or lower the batch"
        )
    if len(set(targets(prepared, indices).tolist())) < len(LABELS):
        raise DatasetError(
            f"{prepared.folder}: all training crops have one label, expected {' and '.join(LABELS)}"
        )
    for split in ("select", "calibrate"):  # the epoch is chosen on one, the export needs the other
        if not len(prepared.indices(split)):
            raise DatasetError(
                f"{prepared.folder}: no crop fell into the {split} split; prepare more pictures"
            )
    return indices
