# SPDX-License-Identifier: Apache-2.0
"""One seed, one scene: the same seed, pictures and library versions give the same bytes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.scenes.backdrop import Backdrop, Light, Pixels, draw_backdrop, draw_light
from training.scenes.compose import Noise, compose
from training.scenes.motion import Walk
from training.scenes.people import Figure, draw_figure
from training.scenes.plan import SceneOptions, cast, plan
from training.scenes.truth import Label, Person, TrueFace


@dataclass(frozen=True, slots=True)
class Portrait:
    """A labelled picture that may be cast; `load` gives the picture when it is needed."""

    name: str
    label: Label
    load: Callable[[], Image.Image]


@dataclass(frozen=True, slots=True)
class Stage:
    """A scene ready to be played."""

    options: SceneOptions
    seed: int
    backdrop: Backdrop
    light: Light
    noise: Noise
    people: tuple[Person, ...]
    figures: tuple[Figure, ...]
    walks: tuple[Walk, ...]
    frame_count: int

    def play(self) -> Iterator[tuple[Pixels, tuple[TrueFace, ...]]]:
        """Frames uint8[height, width, 3] in the order of time, each with its faces.

        The noise goes on from frame to frame: play a stage once, from the start.
        """
        for number in range(self.frame_count):
            seconds = number / self.options.frames_per_second
            placed = [
                (figure, place)
                for figure, walk in zip(self.figures, self.walks, strict=True)
                if (place := walk.place(seconds, self.backdrop.horizon)) is not None
            ]
            yield compose(self.backdrop, self.light, self.noise, seconds, placed)


def stage(
    portraits: Sequence[Portrait], *, seed: int, options: SceneOptions | None = None
) -> Stage:
    """Set up the scene of a seed."""
    options = options or SceneOptions()
    generator = np.random.default_rng(seed)
    backdrop = draw_backdrop(generator, options.width, options.height)
    walks, seconds = plan(generator, backdrop, options)
    chosen = [portraits[index] for index in cast(generator, len(portraits), options.people)]
    people = tuple(
        Person(number, portrait.label, portrait.name) for number, portrait in enumerate(chosen)
    )
    figures = tuple(
        draw_figure(generator, person, portrait.load())
        for person, portrait in zip(people, chosen, strict=True)
    )
    light = draw_light(generator, seconds)
    noise = Noise(generator, width=options.width, height=options.height, deviation=options.noise)
    count = round(seconds * options.frames_per_second)
    return Stage(options, seed, backdrop, light, noise, people, figures, walks, count)
