# SPDX-License-Identifier: Apache-2.0
"""All entrants on the same pictures, in turns, on one processor."""

import contextlib
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.entrants import Entrant
from benchmarks.peers.wire import Reply, Worker
from device.detector import Detector
from device.errors import InputError
from device.pictures import decode
from device.records import Face
from training.datasets import Dataset, Sample
from training.datasets.selecting import select

WARM_UP_LOOKS = 5
UNREADABLE = Reply(None, 0.0, 0.0)


@dataclass(slots=True)
class Result:
    """What one entrant made of the samples, in their order."""

    entrant: Entrant
    about: dict[str, Any]
    peak_bytes: int = 0
    replies: list[Reply] = field(default_factory=list)


def choose(dataset: Dataset, limit: int | None, seed: int = 1) -> tuple[Sample, ...]:
    """The pictures that `training evaluate` counts, or `limit` of them drawn by `seed`.

    Raises:
        DatasetError: there is none.
    """
    samples = select(dataset).samples
    if limit is None or limit >= len(samples):
        return samples
    drawn = random.Random(seed).sample(range(len(samples)), limit)  # noqa: S311 no secret
    return tuple(samples[i] for i in sorted(drawn))


def race(
    entrants: Sequence[Entrant],
    dataset: Dataset,
    samples: Sequence[Sample],
    *,
    detector: Detector,
    logs: Path,
    progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter,
) -> list[Result]:
    """Show every picture to every entrant, one after the other, beginning with another each time.

    Args:
        entrants: who takes part; those with the same command share one worker.
        dataset, samples: the labelled pictures, and which of them.
        detector: finds the faces that are cut out for those entrants who take crops.
        logs: a folder for what the workers write to standard error.
        progress: wraps the iteration, e.g. with a progress bar.

    Raises:
        InputError: a worker does not start, or dies.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(one_processor())
        workers: dict[tuple[str, ...], Worker] = {}
        for entrant in entrants:
            if entrant.command not in workers:
                log = logs / f"worker-{len(workers)}.log"
                worker = Worker(entrant.command, environment=dict(entrant.environment), log=log)
                workers[entrant.command] = stack.enter_context(worker)
        results = [Result(one, workers[one.command].about) for one in entrants]
        # Not counted: whatever a runtime builds at its first looks.
        for sample in samples[:WARM_UP_LOOKS]:
            _show(results, workers, *_seen(dataset, sample, detector))
        for result in results:
            result.replies.clear()
        for number, sample in enumerate(progress(samples)):
            first = number % len(results)
            turn = results[first:] + results[:first]
            _show(turn, workers, *_seen(dataset, sample, detector))
        for result in results:
            result.peak_bytes = workers[result.entrant.command].peak_bytes
    return results


def _seen(
    dataset: Dataset, sample: Sample, detector: Detector
) -> tuple[NDArray[np.uint8] | None, Face | None]:
    """The picture's pixels and its largest face, None for what cannot be had."""
    try:
        pixels = decode(dataset.read(sample), name=sample.name)
    except InputError:  # wrong for everybody, like a face that is not found
        return None, None
    return pixels, next(iter(detector.find_in_still(pixels)), None)


def _show(
    results: Sequence[Result],
    workers: Mapping[tuple[str, ...], Worker],
    pixels: NDArray[np.uint8] | None,
    face: Face | None,
) -> None:
    """Show one picture to all, in this order, and keep what they say."""
    for result in results:
        reply = UNREADABLE
        if pixels is not None:
            reply = result.entrant.look(workers[result.entrant.command], pixels, face)
        result.replies.append(reply)


@contextlib.contextmanager
def one_processor() -> Iterator[None]:
    """Keep this process and all that it starts on one of its processors.

    No thread of a worker can then run beside another, whatever its runtime starts on its own.
    """
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
