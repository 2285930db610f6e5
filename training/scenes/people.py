# SPDX-License-Identifier: Apache-2.0
"""Figures: a labelled face picture on a rough body, as a picture with transparency.

Proportions are in face widths. A FairFace picture is a chip with a margin of 0.25 of the face on
each side, so the face itself is the middle two thirds of it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.scenes.backdrop import CAMERA_METRES, FACE_METRES
from training.scenes.truth import Person

CHIP = 160
FACE = CHIP / 1.5
WIDTH = 360
CENTRE = (WIDTH / 2, CHIP / 2)
FEET = round(CENTRE[1] + FACE * CAMERA_METRES / FACE_METRES)

Colour = tuple[int, int, int]
CLOTHES: tuple[Colour, ...] = (
    (52, 60, 78),
    (120, 36, 40),
    (66, 84, 66),
    (188, 176, 156),
    (44, 44, 46),
    (96, 116, 150),
    (150, 104, 60),
    (206, 206, 210),
    (108, 72, 104),
    (34, 92, 98),
)


@dataclass(slots=True)
class Figure:
    """Someone drawn once: RGBA, `FACE` pixels to the face's width, face centre at `CENTRE`.

    `solid` is the share of the face's square box that the figure covers, 0 to 1.
    """

    person: Person
    image: Image.Image
    solid: float
    _smaller: dict[int, Image.Image]

    def shrunk(self, times: int) -> Image.Image:
        """The figure reduced by a whole number, so that drawing it small skips no pixel."""
        if times not in self._smaller:
            self._smaller[times] = self.image.reduce(times) if times > 1 else self.image
        return self._smaller[times]


def draw_figure(generator: np.random.Generator, person: Person, chip: Image.Image) -> Figure:
    """Put a face picture on a body with clothes of its own."""
    chip = chip.convert("RGB").resize((CHIP, CHIP), Image.Resampling.BICUBIC)
    image = Image.new("RGBA", (WIDTH, FEET + 20), (0, 0, 0, 0))
    image.alpha_composite(_body(generator, _skin(chip)))
    head = chip.convert("RGBA")
    head.putalpha(_head_mask())
    image.alpha_composite(head, (round(CENTRE[0] - CHIP / 2), 0))
    left, top = round(CENTRE[0] - FACE / 2), round(CENTRE[1] - FACE / 2)
    box = image.crop((left, top, left + round(FACE), top + round(FACE)))
    solid = float(np.mean(np.asarray(box)[:, :, 3] > 127))
    return Figure(person, image, solid, {})


def _skin(chip: Image.Image) -> Colour:
    """The colour of the cheeks, which the neck takes over."""
    cheeks = np.asarray(chip.crop((56, 84, 104, 112)), np.float32).reshape(-1, 3)
    red, green, blue = (round(float(value) * 0.86) for value in np.median(cheeks, axis=0))
    return red, green, blue


def _head_mask() -> Image.Image:
    """An upright oval with a soft rim: hair and chin stay, the picture's corners go."""
    across = (np.arange(CHIP, dtype=np.float32)[None, :] + 0.5 - CHIP / 2) / 68
    down = (np.arange(CHIP, dtype=np.float32)[:, None] + 0.5 - CHIP / 2) / 79
    distance = (np.abs(across) ** 2.3 + np.abs(down) ** 2.3) ** (1 / 2.3)
    alpha = np.clip((1 - distance) / 0.16, 0, 1)
    return Image.fromarray((alpha * 255).astype(np.uint8))


def _body(generator: np.random.Generator, skin: Colour) -> Image.Image:
    image = Image.new("RGBA", (WIDTH, FEET + 20), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    middle, broad = WIDTH / 2, generator.uniform(116, 142)
    top = _pick(generator)
    legs = _pick(generator)
    waist, hem = broad * generator.uniform(0.62, 0.78), CENTRE[1] + 560
    for side in (-1, 1):
        pen.polygon(
            [
                (middle, hem - 60),
                (middle + side * waist, hem - 60),
                (middle + side * waist * 0.72, FEET),
                (middle + side * waist * 0.22, FEET),
            ],
            fill=legs,
        )
        pen.rounded_rectangle(
            _ordered(
                middle + side * waist * 0.1, FEET - 14, middle + side * waist * 0.85, FEET + 8
            ),
            8,
            fill=(32, 28, 26),
        )
    shoulder, neck = 178, 146
    collar = neck + generator.uniform(22, 58)
    pen.rounded_rectangle((middle - 36, 110, middle + 36, collar + 8), 10, fill=skin)
    pen.polygon(
        [
            (middle - 34, neck),
            (middle - broad * 0.72, shoulder - 16),
            (middle - broad, shoulder + 22),
            (middle - broad * 0.88, hem - 240),
            (middle - waist, hem),
            (middle + waist, hem),
            (middle + broad * 0.88, hem - 240),
            (middle + broad, shoulder + 22),
            (middle + broad * 0.72, shoulder - 16),
            (middle + 34, neck),
            (middle, collar),
        ],
        fill=top,
    )
    _arms(generator, pen, (middle, broad, shoulder, hem), top, skin)
    return _shaded(generator, image)


def _arms(
    generator: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    frame: tuple[float, float, float, float],
    sleeve: Colour,
    skin: Colour,
) -> None:
    middle, broad, shoulder, hem = frame
    darker = _toned(sleeve, 0.84)
    for side in (-1, 1):
        swing = generator.uniform(-14, 14)
        outer = middle + side * (broad + 22)
        inner = middle + side * (broad - 22)
        elbow = outer + swing
        pen.polygon(
            [
                (inner, shoulder + 2),
                (outer - side * 14, shoulder + 30),
                (elbow, hem - 180),
                (elbow - side * 40, hem - 180),
            ],
            fill=darker,
        )
        hand = _ordered(elbow - side * 4, hem - 190, elbow - side * 36, hem - 130)
        pen.rounded_rectangle(hand, 14, fill=skin)


def _shaded(generator: np.random.Generator, image: Image.Image) -> Image.Image:
    """Round the body by light from one side, and give the cloth some folds."""
    width, height = image.size
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    lean = generator.uniform(-0.5, 0.5)
    light = 1.12 - 0.5 * (across - lean) ** 2
    rough = generator.uniform(-1, 1, (height // 50, 14)).astype(np.float32)
    folds = np.asarray(Image.fromarray(rough).resize(image.size, Image.Resampling.BICUBIC))
    pixels = np.asarray(image, np.float32)
    colours = np.clip(pixels[:, :, :3] * (light * (1 + 0.13 * folds))[:, :, None], 0, 255)
    shaded = Image.fromarray(colours.astype(np.uint8)).convert("RGBA")
    edge = image.getchannel("A").filter(ImageFilter.MinFilter(5))  # no black rim from outside
    shaded.putalpha(edge.filter(ImageFilter.GaussianBlur(1.2)))
    return shaded


def _pick(generator: np.random.Generator) -> Colour:
    colour = CLOTHES[int(generator.integers(len(CLOTHES)))]
    return _toned(colour, generator.uniform(0.85, 1.2))


def _toned(colour: Colour, gain: float) -> Colour:
    red, green, blue = (max(0, min(255, round(value * gain))) for value in colour)
    return red, green, blue


def _ordered(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
