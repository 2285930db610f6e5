# SPDX-License-Identifier: Apache-2.0
"""Times every stage of a frame with the daemon's own pipeline."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError
from device.pictures import decode, open_source
from device.pipeline import Pipeline
from device.protocols import Clock
from device.records import Frame

STAGES = ("decode", "detect", "crop", "classify", "track", "frame")
# The first frames pay for caches and for memory that the runtime asks for once.
WARM_UP_FRAMES = 5


@dataclass(frozen=True, slots=True)
class StageTime:
    """Milliseconds of one stage over `frames` frames; crop and classify where there was a face."""

    frames: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """Stages by name, and the rate at which whole frames (decoding included) went through."""

    frames: int
    faces: int
    width: int
    height: int
    frames_per_second: float
    stages: dict[str, StageTime]


def measure(pipeline: Pipeline, paths: Sequence[Path], *, frames: int, clock: Clock) -> Measurement:
    """Send `frames` pictures of `paths` through `pipeline`, from the start again where they end.

    Raises:
        InputError: a path cannot be read, or holds no picture that can.
    """
    spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
    faces = 0
    size = (0, 0)
    for number, (pixels, decoding) in enumerate(
        islice(_decoded(paths), frames + WARM_UP_FRAMES), start=-WARM_UP_FRAMES
    ):
        frame = Frame(number, clock.stamp(), pixels)
        begun = perf_counter()
        observation = pipeline.process(frame)
        processing = (perf_counter() - begun) * 1e3
        if number < 0:
            continue
        size = (observation.width, observation.height)
        faces += len(observation.sightings)
        spent["decode"].append(decoding)
        spent["frame"].append(decoding + processing)
        classified = any(sighting.perception for sighting in observation.sightings)
        for stage, milliseconds in observation.timings.items():
            if classified or stage not in ("crop", "classify"):
                spent[stage].append(milliseconds)
    rate = 1e3 * frames / sum(spent["frame"])
    stages = {stage: _summary(times) for stage, times in spent.items() if times}
    return Measurement(frames, faces, *size, round(rate, 2), stages)


def _decoded(paths: Sequence[Path]) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Pixels and the milliseconds that decoding took, over and over; what is broken is left out.

    Bytes are read anew each time: holding them would count as the daemon's memory.
    """
    while True:
        fault: InputError | None = None
        good = 0
        for data, name in _pictures(paths):
            begun = perf_counter()
            try:
                pixels = decode(data, name=name)
            except InputError as error:
                fault = error
                continue
            good += 1
            yield pixels, (perf_counter() - begun) * 1e3
        if fault is not None and not good:
            raise fault


def _pictures(paths: Sequence[Path]) -> Iterator[tuple[bytes, str]]:
    for path in paths:
        with open_source(path) as source:
            for name in source.names:
                yield source.read(name), name


def _summary(times: list[float]) -> StageTime:
    ordered = sorted(times)
    # Nearest rank: the smallest time that 95 % of the frames did not exceed.
    rank = max(0, -(-95 * len(ordered) // 100) - 1)
    return StageTime(len(ordered), round(statistics.median(ordered), 3), round(ordered[rank], 3))
