# SPDX-License-Identifier: Apache-2.0
"""Who comes when: a cast of labelled pictures is spread over ways, groups and empty stretches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.scenes import motion
from training.scenes.backdrop import Backdrop
from training.scenes.motion import Walk, Way

SINGLE: tuple[Callable[[np.random.Generator, Backdrop, float], Way], ...] = (
    motion.cross,
    motion.cross_and_pause,
    motion.approach,
    motion.approach,
)


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """What a scene is like; everything else is drawn from its seed."""

    width: int = 640
    """Pixels."""
    height: int = 480
    """Pixels."""
    frames_per_second: float = 10.0
    """Rate at which it is to be played."""
    people: int = 10
    """How many pass."""
    empty_seconds: float = 4.0
    """How long nobody comes, about half way through."""
    noise: float = 2.5
    """Standard deviation of the sensor's noise in grey levels of 255."""
    jpeg_quality: int = 85
    """1 to 95."""
    max_exposure_seconds: float = 0.03
    """The longest exposure, which smears whoever moves."""


def plan(
    generator: np.random.Generator, backdrop: Backdrop, options: SceneOptions
) -> tuple[tuple[Walk, ...], float]:
    """Walks for all people of a scene, in the order of arrival, and its length in seconds."""
    exposure = generator.uniform(0.004, options.max_exposure_seconds)
    ways: list[Way] = []
    clock, emptied = generator.uniform(0.3, 1.0), False
    while len(ways) < options.people:
        if not emptied and len(ways) >= options.people / 2:
            clock = _last(ways) + options.empty_seconds
            emptied = True
        group = _group(generator, backdrop, clock, options.people - len(ways))
        ways.extend(group)
        clock = _next_start(generator, clock, group)
    ways.sort(key=lambda steps: steps[0].seconds)
    middle = options.width / 2
    walks = tuple(motion.walk(generator, steps, middle=middle, exposure=exposure) for steps in ways)
    return walks, _last(ways) + 1.0


def cast(generator: np.random.Generator, pictures: int, people: int) -> list[int]:
    """Indices of the pictures to use: no one twice, unless there are fewer pictures than people."""
    order: list[int] = []
    while len(order) < people:
        order.extend(int(index) for index in generator.permutation(pictures))
    return order[:people]


def _group(
    generator: np.random.Generator, backdrop: Backdrop, start: float, left: int
) -> list[Way]:
    chance = generator.random()
    if left >= 3 and chance < 0.22:
        return motion.trio(generator, backdrop, start)
    if left >= 2 and chance < 0.55:
        return motion.pair(generator, backdrop, start)
    way = SINGLE[int(generator.integers(len(SINGLE)))]
    return [way(generator, backdrop, start)]


def _next_start(generator: np.random.Generator, clock: float, group: Sequence[Way]) -> float:
    """Often after the last one has gone, sometimes while they are still there."""
    length = _last(group) - clock
    return clock + length * generator.uniform(0.55, 1.05) + generator.uniform(0.0, 0.8)


def _last(ways: Sequence[Way]) -> float:
    return max(steps[-1].seconds for steps in ways)
