# SPDX-License-Identifier: Apache-2.0
"""The place people walk through: a wall with an open doorway, a floor, and light that moves."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[int, int, int]

CAMERA_METRES = 1.5
FACE_METRES = 0.155

WALLS: tuple[Colour, ...] = (
    (196, 188, 172),
    (168, 180, 184),
    (204, 178, 150),
    (150, 160, 146),
    (182, 172, 190),
    (140, 134, 130),
)
FLOORS: tuple[Colour, ...] = ((120, 98, 78), (104, 104, 108), (148, 132, 112), (88, 80, 74))
OUTDOORS: tuple[Colour, ...] = ((226, 232, 238), (206, 222, 236), (236, 226, 204), (120, 140, 160))


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A still picture, and where its doorway is: whoever is beyond the wall shows only there.

    `pixels` is uint8[height, width, 3]; `opening` is bool[height, width]; `horizon` is the line of
    the camera's own height in pixels from the top; `door_face_width` is how many pixels wide a
    face appears in the doorway, so that smaller ones are beyond it.
    """

    pixels: Pixels
    opening: NDArray[np.bool_]
    horizon: float
    door_centre: float
    door_face_width: float


@dataclass(frozen=True, slots=True)
class Light:
    """How the light changes: slow waves, a drifting patch, now and then a lamp or a cloud."""

    wave_seconds: float
    wave_depth: float
    patch_depth: float
    patch_seconds: float
    step_at_seconds: float
    step_gain: float
    warmth: float

    def field(self, seconds: float, width: int, height: int) -> Field:
        """Gains float32[height, width, 3] by which the frame at `seconds` is multiplied."""
        gain = 1 + self.wave_depth * math.sin(2 * math.pi * seconds / self.wave_seconds)
        change = 1 / (1 + math.exp(-(seconds - self.step_at_seconds) / 0.3))
        gain *= 1 + (self.step_gain - 1) * change
        turn = 2 * math.pi * seconds / self.patch_seconds
        across = np.arange(width, dtype=np.float32)[None, :] / width - (0.5 + 0.45 * math.sin(turn))
        down = np.arange(height, dtype=np.float32)[:, None] / height - (0.4 + 0.2 * math.cos(turn))
        patch = np.exp(-(across**2) / 0.08) * np.exp(-(down**2) / 0.18)
        field = gain * (1 + self.patch_depth * patch)
        tint = np.array([1 + self.warmth, 1.0, 1 - self.warmth], np.float32)
        tinted: Field = (field[:, :, None] * tint).astype(np.float32)
        return tinted


def draw_light(generator: np.random.Generator, seconds: float) -> Light:
    """Choose how the light of a scene of `seconds` behaves."""
    return Light(
        wave_seconds=generator.uniform(6, 15),
        wave_depth=generator.uniform(0.02, 0.08),
        patch_depth=generator.uniform(0.05, 0.3),
        patch_seconds=generator.uniform(15, 40),
        step_at_seconds=generator.uniform(0.2, 0.9) * seconds,
        step_gain=generator.uniform(0.7, 1.2),
        warmth=generator.uniform(-0.06, 0.08),
    )


def draw_backdrop(generator: np.random.Generator, width: int, height: int) -> Backdrop:
    """Paint a wall with a doorway; no two generators give the same."""
    horizon = height * generator.uniform(0.36, 0.42)
    base = height * generator.uniform(0.82, 0.88)
    door = _door(generator, width, height, base)
    wall = _pick(generator, WALLS)
    image = Image.new("RGB", (width, height), wall)
    pen = ImageDraw.Draw(image)
    _wall_pattern(generator, pen, width, int(base), wall)
    _floor(generator, pen, (width, height), int(base), horizon)
    _pictures(generator, pen, width, height, door)
    _doorway(generator, image, door, horizon)
    _frame(pen, door, _shade(wall, generator.choice([0.55, 1.2])))
    pixels = _weather(generator, image.filter(ImageFilter.GaussianBlur(0.8)))
    opening = np.zeros((height, width), np.bool_)
    left, top, right, bottom = door
    opening[top:bottom, left:right] = True
    face = (base - horizon) * FACE_METRES / CAMERA_METRES
    return Backdrop(pixels, opening, horizon, (left + right) / 2, face)


def _pick(generator: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return _shade(colours[int(generator.integers(len(colours)))], generator.uniform(0.85, 1.1))


def _shade(colour: Colour, gain: float) -> Colour:
    red, green, blue = (max(0, min(255, round(value * gain))) for value in colour)
    return red, green, blue


def _door(
    generator: np.random.Generator, width: int, height: int, base: float
) -> tuple[int, int, int, int]:
    across = int(width * generator.uniform(0.27, 0.36))
    left = int(generator.uniform(0.22, 0.72 - across / width) * width)
    return left, int(height * generator.uniform(0.06, 0.12)), left + across, int(base)


def _wall_pattern(
    generator: np.random.Generator, pen: ImageDraw.ImageDraw, width: int, base: int, wall: Colour
) -> None:
    kind = int(generator.integers(4))
    joint = _shade(wall, 0.86)
    if kind == 0:  # bricks
        tall, long = 16, 44
        for row, y in enumerate(range(0, base, tall)):
            for x in range(-long if row % 2 else -long // 2, width, long):
                tone = _shade(wall, generator.uniform(0.9, 1.06))
                pen.rectangle((x, y, x + long, y + tall), fill=tone, outline=joint)
    elif kind == 1:  # boards
        for x in range(0, width, 38):
            tone = _shade(wall, generator.uniform(0.93, 1.04))
            pen.rectangle((x, 0, x + 38, base), fill=tone, outline=joint)
    elif kind == 2:  # a dado of another colour
        line = int(base * 0.62)
        pen.rectangle((0, line, width, base), fill=_shade(wall, 0.78))
        pen.rectangle((0, line - 4, width, line + 3), fill=_shade(wall, 1.12))
    else:  # large panels
        for x in range(-40, width, 150):
            pen.rectangle((x, 20, x + 142, base - 30), outline=joint, width=2)
    pen.rectangle((0, base - 14, width, base), fill=_shade(wall, 0.66))


def _floor(
    generator: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    base: int,
    horizon: float,
) -> None:
    width, height = size
    floor = _pick(generator, FLOORS)
    pen.rectangle((0, base, width, height), fill=floor)
    joint = _shade(floor, 0.82)
    for column in range(-14, 15):  # joints run to the vanishing point on the horizon
        near = width / 2 + column * 110
        far = width / 2 + (near - width / 2) * (base - horizon) / (height - horizon)
        pen.line((near, height, far, base), fill=joint, width=2)
    for row in range(1, 5):
        y = horizon + (height - horizon) * (base - horizon) / (
            (base - horizon) + (height - base) * row / 5
        )
        pen.line((0, y, width, y), fill=joint, width=1)


def _pictures(
    generator: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    width: int,
    height: int,
    door: tuple[int, int, int, int],
) -> None:
    for low, high in ((0, door[0]), (door[2], width)):
        if high - low < 120 or generator.random() < 0.25:
            continue
        across, down = generator.integers(50, 84), generator.integers(60, 110)
        x = generator.integers(low + 18, max(low + 19, high - across - 18))
        y = generator.integers(int(height * 0.16), int(height * 0.34))
        edge = (x, y, x + across, y + down)
        pen.rectangle(edge, fill=(238, 236, 228), outline=(70, 62, 54), width=4)
        for _ in range(5):
            dx, dy = generator.integers(8, across - 12), generator.integers(8, down - 12)
            tone = tuple(int(v) for v in generator.integers(70, 220, 3))
            size = int(generator.integers(6, 26))
            right, bottom = min(x + dx + size, edge[2] - 6), min(y + dy + size, edge[3] - 6)
            pen.rectangle((x + dx, y + dy, right, bottom), fill=tone)


def _doorway(
    generator: np.random.Generator,
    image: Image.Image,
    door: tuple[int, int, int, int],
    horizon: float,
) -> None:
    left, top, right, bottom = door
    sky = np.array(_pick(generator, OUTDOORS), np.float32)
    ground = np.array(_pick(generator, FLOORS), np.float32) * 1.25
    view = np.empty((bottom - top, right - left, 3), np.float32)
    edge = int(max(1, horizon + (bottom - horizon) * 0.45 - top))
    fade = np.linspace(0.88, 1.05, edge, dtype=np.float32)[:, None, None]
    view[:edge] = sky * fade
    view[edge:] = ground * np.linspace(1.1, 0.85, len(view) - edge, dtype=np.float32)[:, None, None]
    far = Image.fromarray(np.clip(view, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(far)
    x = 0
    while x < right - left:  # a row of houses and trees across the street
        wide = int(generator.integers(18, 60))
        roof = edge - int(generator.integers(20, max(21, edge - 10)))
        tone = _shade(_pick(generator, WALLS), generator.uniform(0.7, 1.0))
        pen.rectangle((x, roof, x + wide, edge), fill=tone)
        for pane in range(roof + 8, edge - 10, 18):
            pen.rectangle((x + 5, pane, x + wide - 5, pane + 8), fill=_shade(tone, 0.75))
        x += wide
    image.paste(far.filter(ImageFilter.GaussianBlur(2.5)), (left, top))


def _frame(pen: ImageDraw.ImageDraw, door: tuple[int, int, int, int], colour: Colour) -> None:
    left, top, right, bottom = door
    for grow, gain in ((12, 1.0), (4, 0.8)):
        outline = _shade(colour, gain)
        pen.rectangle((left - grow, top - grow, left - 1, bottom), fill=outline)
        pen.rectangle((right, top - grow, right + grow - 1, bottom), fill=outline)
        pen.rectangle((left - grow, top - grow, right + grow - 1, top - 1), fill=outline)


def _weather(generator: np.random.Generator, image: Image.Image) -> Pixels:
    """Uneven plaster at two scales and darker corners, so that nothing is flat."""
    width, height = image.size
    pixels = np.asarray(image, np.float32)
    for cells, depth in ((7, 0.10), (60, 0.04)):
        rough = generator.uniform(-1, 1, (cells * height // width + 2, cells + 2))
        smooth = Image.fromarray(rough.astype(np.float32)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        pixels = pixels * (1 + depth * np.asarray(smooth)[:, :, None])
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    pixels = pixels * (1 - 0.16 * (across**2 + down**2))[:, :, None]
    return np.clip(pixels, 0, 255).astype(np.uint8)
