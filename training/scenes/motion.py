# SPDX-License-Identifier: Apache-2.0
"""How people move: along straight lines on the floor, seen in perspective, with a bobbing head."""

import math
from dataclasses import dataclass

import numpy as np

from training.scenes.backdrop import Backdrop
from training.scenes.compose import Place


@dataclass(frozen=True, slots=True)
class Step:
    """Where a walk passes at a time: face centre and face width in pixels."""

    seconds: float
    x: float
    face_width: float


Way = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """One person's way through the scene.

    `lift` is how far the face is above the camera, in face widths; `bob` the head's movement in
    face widths at `pace` steps a second; `exposure` is in seconds.
    """

    steps: Way
    middle: float
    lift: float
    bob: float
    pace: float
    tilt: float
    exposure: float

    @property
    def ends(self) -> float:
        """When the person is gone, in seconds."""
        return self.steps[-1].seconds

    def place(self, seconds: float, horizon: float) -> Place | None:
        """Where the person is at a time; None before and after."""
        if not self.steps[0].seconds <= seconds <= self.ends:
            return None
        x, width = self._at(seconds)
        before, _ = self._at(seconds - self.exposure)
        phase = 2 * math.pi * self.pace * seconds
        walking = abs(x - before) > 0.2
        bob = self.bob * math.sin(phase) if walking else 0.0
        tilt = self.tilt * math.sin(phase / 2 + 1)
        return Place(x, horizon - (self.lift + bob) * width, width, tilt, abs(x - before))

    def _at(self, seconds: float) -> tuple[float, float]:
        """Straight on the floor: place and distance are linear in time, the view is not."""
        times = [step.seconds for step in self.steps]
        distance = np.interp(seconds, times, [1 / step.face_width for step in self.steps])
        sideways = np.interp(
            seconds, times, [(step.x - self.middle) / step.face_width for step in self.steps]
        )
        return self.middle + float(sideways / distance), float(1 / distance)


def cross(
    generator: np.random.Generator,
    backdrop: Backdrop,
    start: float,
    *,
    rightwards: bool | None = None,
    face_width: float | None = None,
) -> Way:
    """From one side of the frame to the other, at one distance, slowly or in a hurry."""
    size = face_width or generator.uniform(84, 140)
    speed = size * generator.choice([generator.uniform(1.5, 3.0), generator.uniform(3.0, 5.0)])
    near, far = -1.3 * size, backdrop.pixels.shape[1] + 1.3 * size
    if rightwards is None:
        rightwards = bool(generator.random() < 0.5)
    first, last = (near, far) if rightwards else (far, near)
    return Step(start, first, size), Step(start + (far - near) / speed, last, size)


def cross_and_pause(generator: np.random.Generator, backdrop: Backdrop, start: float) -> Way:
    """Like `cross`, but stops on the way, as for a look at a telephone."""
    first, last = cross(generator, backdrop, start)
    share = generator.uniform(0.35, 0.65)
    stop = start + share * (last.seconds - start)
    x, pause = first.x + share * (last.x - first.x), generator.uniform(1.0, 2.5)
    size = first.face_width
    return (
        first,
        Step(stop, x, size),
        Step(stop + pause, x, size),
        Step(last.seconds + pause, last.x, size),
    )


def approach(generator: np.random.Generator, backdrop: Backdrop, start: float) -> Way:
    """Through the doorway towards the camera, growing, and out past it on one side."""
    width = backdrop.pixels.shape[1]
    door, side = backdrop.door_face_width, generator.choice([-1.0, 1.0])
    turn = generator.uniform(0.25, 0.75) * width
    near = generator.uniform(105, 150)
    aside = -1.4 * near if turn < width / 2 else width + 1.4 * near
    arrive = start + generator.uniform(0.8, 1.4)
    close = arrive + generator.uniform(2.4, 4.0)
    return (
        Step(start, backdrop.door_centre + side * 150, door * 0.85),
        Step(arrive, backdrop.door_centre + side * 20, door * 1.01),
        Step(close, turn, near),
        Step(close + generator.uniform(0.7, 1.3), aside, near * 1.15),
    )


def pair(generator: np.random.Generator, backdrop: Backdrop, start: float) -> list[Way]:
    """Two who come from both sides and cross, one behind the other."""
    back = generator.uniform(84, 108)
    front = back * generator.uniform(1.15, 1.5)
    flip = bool(generator.random() < 0.5)
    lead = generator.uniform(0, 0.6)
    return [
        cross(generator, backdrop, start, rightwards=flip, face_width=back),
        cross(generator, backdrop, start + lead, rightwards=not flip, face_width=front),
    ]


def trio(generator: np.random.Generator, backdrop: Backdrop, start: float) -> list[Way]:
    """Three at once: two together one way, a third the other way or towards the camera."""
    flip, size = bool(generator.random() < 0.5), generator.uniform(84, 100)
    together = cross(generator, backdrop, start, rightwards=flip, face_width=size)
    beside, delay = size * generator.uniform(1.12, 1.3), generator.uniform(0.5, 0.9)
    pace = together[1].seconds - together[0].seconds
    # The nearer one crosses the view in the same time: they walk side by side.
    edge = 1.3 * beside
    far = backdrop.pixels.shape[1] + edge
    first, last = (-edge, far) if flip else (far, -edge)
    second = Step(start + delay, first, beside), Step(start + delay + pace, last, beside)
    third = (
        approach(generator, backdrop, max(0.0, start - 1.5))
        if generator.random() < 0.5
        else cross(generator, backdrop, start + 0.4, rightwards=not flip, face_width=size * 1.45)
    )
    return [together, second, third]


def walk(generator: np.random.Generator, steps: Way, *, middle: float, exposure: float) -> Walk:
    """Give a way a person's height, gait and posture."""
    return Walk(
        steps=steps,
        middle=middle,
        lift=generator.uniform(-0.35, 0.6),
        bob=generator.uniform(0.02, 0.06),
        pace=generator.uniform(1.6, 2.2),
        tilt=generator.uniform(0.0, 0.06),
        exposure=exposure,
    )
