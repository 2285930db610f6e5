# SPDX-License-Identifier: Apache-2.0
"""train(config, workdir): resumable after a kill at any moment, reporting progress as events.

A workdir holds
- `config.json`: what was asked for; a second call with another config is refused,
- `events.jsonl`: one line for each start, step report, epoch and end, as they happen,
- `history.csv`: one row for each epoch,
- `checkpoints/`: everything that is needed to go on, written every `checkpoint_seconds`,
- `best.weights.h5`: the weights of the epoch with the lowest loss on the `select` split.
"""

import csv
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from device.errors import DatasetError
from training.backend import keras, tf
from training.config import TrainConfig, claim
from training.data import as_float, targets, training_batches
from training.models import architecture
from training.prepared import Prepared, open_prepared

log = logging.getLogger(__name__)

HISTORY_FIELDS: Final = ("epoch", "phase", "loss", "accuracy", "select_loss", "select_accuracy")


Progress = Callable[[dict[str, Any]], None]


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
    run = _Run(config, prepared, workdir, progress)
    run.event("start", step=int(run.step), steps=run.steps_in_all)
    for epoch in range(int(run.step) // run.steps, config.frozen_epochs + config.epochs):
        run.epoch(epoch)
    run.event("end", best_loss=float(run.best), best_epoch=int(run.best_epoch))
    return run.best_weights


def build(config: TrainConfig) -> Any:
    """The untrained model of a config."""
    return architecture(config.architecture).build(config.model)


class _Run:
    """One training run: model, optimisers, checkpoints and the epoch's work."""

    def __init__(
        self, config: TrainConfig, prepared: Prepared, workdir: Path, progress: Progress
    ) -> None:
        self.config, self.workdir, self._progress = config, workdir, progress
        indices = prepared.indices("train")
        if len(indices) < config.batch:
            raise DatasetError(
                f"{prepared.folder}: {len(indices)} training crops, expected at least one batch of "
                f"{config.batch}; prepare with role training, or lower the batch"
            )
        self.pixels, self.labels = prepared.wide()[indices], targets(prepared, indices)
        select = prepared.indices("select")
        self.select = (as_float(prepared.crops()[select]), targets(prepared, select))
        self.steps = min(len(indices) // config.batch, config.max_steps or 10**9)
        self.steps_in_all = self.steps * (config.frozen_epochs + config.epochs)
        self.best_weights = workdir / "best.weights.h5"
        self.model = build(config)
        self.optimisers = [
            self._optimiser(config.frozen_rate, config.frozen_epochs),
            self._optimiser(config.rate, config.epochs),
        ]
        self._compile(frozen=True)
        self._compile(frozen=False)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.best = tf.Variable(float("inf"), dtype=tf.float32)
        self.best_epoch = tf.Variable(-1, dtype=tf.int64)
        checkpoint = tf.train.Checkpoint(
            model=self.model,
            frozen=self.optimisers[0],
            unfrozen=self.optimisers[1],
            step=self.step,
            best=self.best,
            best_epoch=self.best_epoch,
        )
        folder = str(workdir / "checkpoints")
        self.manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        if self.manager.latest_checkpoint:
            checkpoint.restore(self.manager.latest_checkpoint)
            log.info("going on at step %d of %d", int(self.step), self.steps_in_all)

    def _optimiser(self, rate: float, epochs: int) -> Any:
        schedule = keras.optimizers.schedules.CosineDecay(
            rate * 0.05,
            max(1, self.steps * epochs),
            warmup_target=rate,
            warmup_steps=max(1, self.steps // 4),
        )
        return keras.optimizers.AdamW(
            schedule, weight_decay=self.config.weight_decay, global_clipnorm=5.0
        )

    def _compile(self, *, frozen: bool) -> None:
        """Choose what learns. Both optimisers keep slots for their own variables only."""
        for layer in self.model.layers:
            layer.trainable = not frozen or layer.name == "head"
        optimiser = self.optimisers[0 if frozen else 1]
        optimiser.build(self.model.trainable_variables)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.config.label_smoothing)
        self.model.compile(optimiser, loss, metrics=["accuracy"])

    def epoch(self, epoch: int) -> None:
        """Train one epoch (or what is left of it), judge it on `select`, keep the best."""
        frozen = epoch < self.config.frozen_epochs
        self._compile(frozen=frozen)
        done = int(self.step) - epoch * self.steps
        batches = training_batches(
            self.pixels,
            self.labels,
            size=self.config.model.input_size,
            batch=self.config.batch,
            seed=self.config.seed,
            epoch=epoch,
            first_step=done,
        ).map(lambda pixels, labels: (pixels, tf.one_hot(labels, 2)))
        history = self.model.fit(
            batches.take(self.steps - done), verbose=0, callbacks=[_Steps(self)]
        ).history
        loss, accuracy = self._judge()
        row = {
            "epoch": epoch,
            "phase": "frozen" if frozen else "unfrozen",
            "loss": round(history["loss"][-1], 5),
            "accuracy": round(history["accuracy"][-1], 5),
            "select_loss": round(loss, 5),
            "select_accuracy": round(accuracy, 5),
        }
        if loss < float(self.best):
            self.best.assign(loss)
            self.best_epoch.assign(epoch)
            self.model.save_weights(self.best_weights)
        self._history(row)
        self.manager.save()
        self.event("epoch", **row)

    def _judge(self) -> tuple[float, float]:
        """Loss (without smoothing) and accuracy on the select split."""
        pixels, labels = self.select
        probabilities = self.model.predict(pixels, batch_size=128, verbose=0)
        right = probabilities[np.arange(len(labels)), labels]
        loss = float(-np.log(np.maximum(right, 1e-7)).mean())
        return loss, float((probabilities.argmax(axis=1) == labels).mean())

    def _history(self, row: dict[str, Any]) -> None:
        path = self.workdir / "history.csv"
        known = []
        if path.exists():
            with path.open(newline="") as file:
                # An epoch can be judged twice when the kill came right before the checkpoint.
                known = [r for r in csv.DictReader(file) if int(r["epoch"]) < row["epoch"]]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, HISTORY_FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows([*known, row])

    def event(self, kind: str, **values: Any) -> None:
        """Write one line to events.jsonl and tell the caller."""
        line = {"event": kind, "time": round(time.time(), 3), **values}
        with (self.workdir / "events.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._progress(line)


class _Steps(keras.callbacks.Callback):  # type: ignore[misc]  # tf_keras publishes no types
    """Counts steps, reports once a second, saves a checkpoint every so often."""

    def __init__(self, run: _Run) -> None:
        super().__init__()
        self.run = run
        self.saved = self.told = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keras calls this after every step."""
        run, now = self.run, time.monotonic()
        run.step.assign_add(1)
        if now - self.told >= 1:
            self.told = now
            values = {k: round(float(v), 4) for k, v in (logs or {}).items()}
            run.event("step", step=int(run.step), steps=run.steps_in_all, **values)
        if now - self.saved >= run.config.checkpoint_seconds:
            self.saved = now
            run.manager.save()
