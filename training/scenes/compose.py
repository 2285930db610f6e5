# SPDX-License-Identifier: Apache-2.0
"""Puts figures into the place: size, tilt, motion blur, who hides whom, light and sensor noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from device.records import Box
from training.scenes.backdrop import Backdrop, Light, Pixels
from training.scenes.people import CENTRE, FACE, FEET, WIDTH, Figure
from training.scenes.truth import TrueFace

Area = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the frame, the last two exclusive."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure is in one frame: face centre and width in pixels, tilt in radians.

    `smear` is how many pixels the figure moves while the shutter is open.
    """

    x: float
    y: float
    face_width: float
    tilt: float
    smear: float


class Noise:
    """Sensor noise: a few fields drawn once and shifted at random, since drawing is slow."""

    def __init__(
        self, generator: np.random.Generator, *, width: int, height: int, deviation: float
    ) -> None:
        """Draw the fields; `deviation` is in grey levels of 255."""
        size = (height + 64, width + 64, 3)
        self._generator = generator
        self._fields = [
            (generator.standard_normal(size, np.float32) * deviation).astype(np.int16)
            for _ in range(3)
        ]

    def add(self, pixels: NDArray[np.float32]) -> Pixels:
        """Noise over one frame, float32[height, width, 3] to uint8 of the same shape."""
        height, width = pixels.shape[:2]
        which, down, across = self._generator.integers((3, 64, 64))
        noise = self._fields[which][down : down + height, across : across + width]
        noisy: Pixels = np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)
        return noisy


def compose(
    backdrop: Backdrop,
    light: Light,
    noise: Noise,
    seconds: float,
    placed: Sequence[tuple[Figure, Place]],
) -> tuple[Pixels, tuple[TrueFace, ...]]:
    """One frame, uint8[height, width, 3], and the faces in it, nearest last."""
    canvas = backdrop.pixels.astype(np.float32)
    height, width = canvas.shape[:2]
    owner = np.full((height, width), -1, np.int32)
    by_distance = sorted(placed, key=lambda pair: (pair[1].face_width, pair[0].person.identity))
    for figure, place in by_distance:
        area = _area(place, width, height)
        if area is not None:
            beyond = place.face_width < backdrop.door_face_width
            opening = backdrop.opening if beyond else None
            _paint(canvas, owner, figure, place, area=area, opening=opening)
    canvas *= light.field(seconds, width, height)
    faces = (_true_face(owner, figure, place) for figure, place in by_distance)
    return noise.add(canvas), tuple(face for face in faces if face.visible > 0)


def _area(place: Place, width: int, height: int) -> Area | None:
    """The part of the frame that a figure can touch, or None."""
    scale = place.face_width / FACE
    reach = WIDTH / 2 * scale + place.smear + 8
    left, right = max(0, int(place.x - reach)), min(width, math.ceil(place.x + reach))
    top = max(0, int(place.y - CENTRE[1] * scale - 8))
    bottom = min(height, math.ceil(place.y + (FEET + 20 - CENTRE[1]) * scale))
    return (left, top, right, bottom) if left < right and top < bottom else None


def _paint(
    canvas: NDArray[np.float32],
    owner: NDArray[np.int32],
    figure: Figure,
    place: Place,
    *,
    area: Area,
    opening: NDArray[np.bool_] | None,
) -> None:
    left, top, right, bottom = area
    layer = _drawn(figure, place, area)
    if place.smear >= 1:
        layer = layer.filter(ImageFilter.BoxBlur((place.smear / 2, 0)))
    values = np.asarray(layer, np.float32)
    if opening is not None:
        values = values * opening[top:bottom, left:right, None]
    alpha = values[:, :, 3:] / 255
    region = canvas[top:bottom, left:right]
    region *= 1 - alpha
    region += values[:, :, :3]
    owner[top:bottom, left:right][alpha[:, :, 0] > 0.5] = figure.person.identity


def _drawn(figure: Figure, place: Place, area: Area) -> Image.Image:
    """The figure in its place, with colours multiplied by alpha ("RGBa")."""
    scale = place.face_width / FACE
    shrink = max(1, int(1 / scale))
    step = 1 / scale / shrink
    cos, sin = step * math.cos(place.tilt), step * math.sin(place.tilt)
    across, down = place.x - area[0], place.y - area[1]
    centre_x, centre_y = CENTRE[0] / shrink, CENTRE[1] / shrink
    return (
        figure.shrunk(shrink)
        .convert("RGBa")
        .transform(
            (area[2] - area[0], area[3] - area[1]),
            Image.Transform.AFFINE,
            (
                cos,
                sin,
                centre_x - cos * across - sin * down,
                -sin,
                cos,
                centre_y + sin * across - cos * down,
            ),
            Image.Resampling.BILINEAR,
        )
    )


def _true_face(owner: NDArray[np.int32], figure: Figure, place: Place) -> TrueFace:
    size = place.face_width
    box = Box(place.x - size / 2, place.y - size / 2, size, size)
    height, width = owner.shape
    inside = box.clipped(width, height)
    left, top = round(inside.x), round(inside.y)
    part = owner[top : round(inside.y + inside.height), left : round(inside.x + inside.width)]
    seen = float(np.count_nonzero(part == figure.person.identity))
    visible = min(1.0, seen / (size * size * figure.solid))
    return TrueFace(figure.person.identity, _rounded(box), round(visible, 3))


def _rounded(box: Box) -> Box:
    return Box(round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1))
