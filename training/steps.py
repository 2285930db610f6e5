# SPDX-License-Identifier: Apache-2.0
"""What happens after every training step: count, report, save, stop when asked or failed."""

import math
import time
from typing import TYPE_CHECKING

from device.errors import StoppedError, TrainingError
from training.backend import keras

if TYPE_CHECKING:
    from training.run import Run


class Steps(keras.callbacks.Callback):  # type: ignore[misc]  # tf_keras publishes no types
    """Counts a run's steps, reports once a second, saves a checkpoint every so often.

    Raises:
        TrainingError: from within `fit`, the loss is no finite number any more.
        StoppedError: likewise, the run was asked to stop.
    """

    def __init__(self, run: "Run") -> None:
        super().__init__()
        self.run = run
        self.saved = self.told = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keras calls this after every step."""
        run, now = self.run, time.monotonic()
        run.step.assign_add(1)
        values = {name: float(value) for name, value in (logs or {}).items()}
        refuse_nan(values.get("loss", 0.0), run)
        if now - self.told >= 1:
            self.told = now
            rounded = {name: round(value, 4) for name, value in values.items()}
            run.log.event("step", step=int(run.step), steps=run.steps_in_all, **rounded)
        stop = run.asked_to_stop()
        if run.crew.chief_says(stop or now - self.saved >= run.config.checkpoint_seconds):
            self.saved = now
            run.manager.save()
            if stop:
                run.log.event("stop", step=int(run.step), steps=run.steps_in_all)
                raise StoppedError(
                    f"stopped as asked, at step {int(run.step)} of {run.steps_in_all}; the same "
                    "command goes on from there"
                )


def refuse_nan(loss: float, run: "Run") -> None:
    """Stop a run whose weights are beyond repair; what it saved before stays.

    Raises:
        TrainingError: the loss is no finite number.
    """
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss is {loss} at step {int(run.step)} of {run.steps_in_all}, expected a finite "
            f"number: the run has diverged; start anew with another --workdir and lower learning "
            f"rates (the highest was {max(phase.rate for phase in run.phases)})"
        )
