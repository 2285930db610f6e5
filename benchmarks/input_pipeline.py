# SPDX-License-Identifier: Apache-2.0
"""Whether augmentation keeps the trainer fed: its rate against the training step's, in one run.

Three things are timed on prepared crops, in turns, so that whatever else the machine does meets all
of them:
- input: batches are gathered and augmented, and thrown away,
- step: the model learns from one batch that is there already,
- both: it learns from augmented batches, as a run does.

The first ratio, step's time over input's, says how many such trainers one input could feed: above 1
nobody waits for a batch where the two have processors of their own, as beside a GPU. The second,
both's time over step's, is what augmentation costs a run on this machine; on processors that are
all busy with the step it cannot be 1. The third is the first in processor time, which other
programs disturb less; it says nothing where a GPU does the step.

    python -m benchmarks.input_pipeline PREPARED [--width 1.0] [--batch 64] [--steps 10]
"""

import argparse
import itertools
import os
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from training.backend import keras, tf
from training.data import LABELS, Share, training_batches
from training.models import architecture
from training.models.settings import settings_for
from training.prepared import open_prepared
from training.strategy import Crew, placed


def trainer(name: str, *, size: int, colour: str, width: float, precision: str, batch: int) -> Any:
    """A compiled model in which everything learns, and its crew."""
    given = {"width": width} if name != "cnn" else {}
    with placed(precision):
        settings = settings_for(name, input_size=size, colour=colour, **given)
        model = architecture(name).build(settings)
    crew = Crew(model.distribute_strategy, batch=batch)
    crew.synchronise(model)
    with crew.strategy.scope():
        optimiser = keras.optimizers.AdamW(1e-4, weight_decay=1e-2, global_clipnorm=5.0)
        model.compile(optimiser, keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    return model, crew


Round = dict[str, tuple[float, float]]
"""Seconds and processor seconds of each piece of work."""


def timings(works: dict[str, Callable[[], None]], rounds: int) -> Iterator[Round]:
    """What each piece of work takes, round by round; the first one warms up and is left out."""
    for number in range(rounds + 1):
        seconds = {}
        for name, work in works.items():
            begun, spent = perf_counter(), process_time()
            work()
            seconds[name] = (perf_counter() - begun, process_time() - spent)
        if number:
            yield seconds


def measure(args: argparse.Namespace) -> list[Round]:
    """What `args.steps` batches take, three ways, for every round."""
    prepared = open_prepared(args.prepared)
    rule, batch, steps = prepared.about.rule, args.batch, args.steps
    indices = np.resize(prepared.indices("train"), batch * steps)
    pixels = prepared.wide()[indices]
    wanted = np.eye(len(LABELS), dtype=np.float32)[indices % len(LABELS)]
    model, crew = trainer(
        args.architecture,
        size=rule.size,
        colour=rule.colour,
        width=args.width,
        precision=args.precision,
        batch=batch,
    )
    epochs = itertools.count()

    def batches(share: Share) -> Any:
        return training_batches(
            pixels,
            wanted,
            size=rule.size,
            batch=batch,
            seed=1,
            epoch=next(epochs),
            first_step=0,
            share=share,
        )

    ready = next(iter(batches(Share())))
    again = crew.shared(
        lambda share: tf.data.Dataset.from_tensors(
            tuple(part[: batch // share.of] for part in ready)
        ).repeat()
    )

    def fit(dataset: Any) -> None:
        model.fit(dataset, steps_per_epoch=steps, verbose=0)

    def drain() -> None:
        for _ in batches(Share()):
            pass

    works: dict[str, Callable[[], None]] = {
        "input": drain,
        "step": lambda: fit(again),
        "both": lambda: fit(crew.shared(batches)),
    }
    return list(timings(works, args.rounds))


def main() -> None:
    """Print the table and the two ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", type=Path, help="from `training prepare`")
    parser.add_argument("--architecture", default="mobilenet_v2")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10, help="batches in a round")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rounds = measure(args)
    devices = len(tf.config.list_physical_devices("GPU"))
    print(f"{os.cpu_count()} processors, {devices} GPUs; batches of {args.batch}")
    for name in rounds[0]:
        each, spent = (statistics.median(r[name][i] for r in rounds) / args.steps for i in (0, 1))
        print(
            f"{name:6}{1000 * each:8.1f} ms a batch{1000 * spent:8.1f} ms of processors"
            f"{args.batch / each:9.0f} pictures/s"
        )
    print(
        f"input's rate / step's rate: {ratio(rounds, 'step', 'input', 0):.2f}; "
        f"step with input / step alone: {ratio(rounds, 'both', 'step', 0):.2f}; "
        f"step's processor time / input's: {ratio(rounds, 'step', 'input', 1):.2f}"
    )


def ratio(rounds: list[Round], above: str, below: str, clock: int) -> float:
    """The median over rounds of one work's time over another's."""
    return statistics.median(r[above][clock] / r[below][clock] for r in rounds)


if __name__ == "__main__":
    main()
