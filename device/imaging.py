# SPDX-License-Identifier: Apache-2.0
"""THE preprocessing: letterbox for detectors, aligned crops for classifiers.

Training and device both call these functions, so that a model meets on the Pi the very pixels that
it was trained on. Everything is uint8; the models' own input quantisation does the rest.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.records import Face, FaceCrop

Colour = Literal["rgb", "grey"]


@dataclass(frozen=True, slots=True)
class CropRule:
    """How a face is cut: recorded in the bundle, so that a crop can never be cut another way.

    Attributes:
        size: side of the square crop in pixels.
        scale: side of the square on the frame, as a multiple of the face box's longer side.
        colour: "rgb" gives three channels, "grey" one (ITU-R 601 luma, as Pillow's "L").
        alignment: "eyes" turns the face until the line through both eyes is level.
        resample: "bilinear", after a box average when the face is shrunk by two or more.
        fill: grey level of what lies outside the frame, 0 to 255.
    """

    size: int
    scale: float
    colour: Colour = "rgb"
    alignment: Literal["eyes"] = "eyes"
    resample: Literal["bilinear"] = "bilinear"
    fill: int = 128


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a frame lies inside the detector's square: square = frame * scale + offset."""

    scale: float
    left: int
    top: int


def letterbox(
    pixels: NDArray[np.uint8], size: int, *, margin: float = 0.0
) -> tuple[NDArray[np.uint8], Letterbox]:
    """Fit a frame into a square, keeping its proportions, centred on black.

    Args:
        pixels: uint8[height, width, 3].
        size: side of the square in pixels.
        margin: black left free on every side, as a fraction of the frame's longer side.

    Returns:
        uint8[size, size, 3] and the geometry that leads back to the frame.
    """
    height, width = pixels.shape[:2]
    scale = size / (max(width, height) * (1 + 2 * margin))
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    image = _shrunk(pixels, max(1, width // across), max(1, height // down))
    if image.size != (across, down):
        image = image.resize((across, down), Image.Resampling.BILINEAR)
    left, top = (size - across) // 2, (size - down) // 2
    square = np.zeros((size, size, 3), np.uint8)
    square[top : top + down, left : left + across] = image
    return square, Letterbox(scale, left, top)


def roll(face: Face) -> float:
    """The angle in radians by which the line from right to left eye falls off the horizontal.

    Zero where the eyes lie too close together (a profile) for an angle to mean anything.
    """
    (right_x, right_y), (left_x, left_y) = face.keypoints[:2]
    apart = math.hypot(left_x - right_x, left_y - right_y)
    if apart < 0.1 * max(face.box.width, face.box.height):
        return 0.0
    return math.atan2(left_y - right_y, left_x - right_x)


def cut(pixels: NDArray[np.uint8], face: Face, rule: CropRule) -> FaceCrop:
    """Cut a face out of a frame: level by the eyes, square about the centre of its box.

    Args:
        pixels: uint8[height, width, 3], the frame.
        face: where the face is.
        rule: size, scale, colour and fill of the crop.

    Returns:
        uint8[size, size, 3], or uint8[size, size, 1] for a grey rule.
    """
    box = face.box
    side = max(rule.scale * max(box.width, box.height), 1.0)
    angle = roll(face)
    cos, sin = math.cos(angle), math.sin(angle)
    centre_x, centre_y = box.x + box.width / 2, box.y + box.height / 2
    reach = side / 2 * (abs(cos) + abs(sin)) + 1  # half the upright square around the turned one
    height, width = pixels.shape[:2]
    x0 = int(min(max(centre_x - reach, 0), width - 1))
    y0 = int(min(max(centre_y - reach, 0), height - 1))
    x1 = int(min(max(centre_x + reach + 1, x0 + 1), width))
    y1 = int(min(max(centre_y + reach + 1, y0 + 1), height))
    image = _as_image(pixels[y0:y1, x0:x1])
    shrink = int(side / rule.size)
    if shrink >= 2:  # bilinear alone would skip pixels
        image = image.reduce(shrink)
    else:
        shrink = 1
    step = side / rule.size / shrink
    middle = rule.size / 2
    origin_x, origin_y = (centre_x - x0) / shrink, (centre_y - y0) / shrink
    a, b, d, e = step * cos, -step * sin, step * sin, step * cos
    turned = image.transform(
        (rule.size, rule.size),
        Image.Transform.AFFINE,
        (a, b, origin_x - (a + b) * middle, d, e, origin_y - (d + e) * middle),
        Image.Resampling.BILINEAR,
        fillcolor=(rule.fill, rule.fill, rule.fill),
    )
    if rule.colour == "grey":
        return FaceCrop(np.asarray(turned.convert("L"))[:, :, None])
    return FaceCrop(np.asarray(turned))


def _shrunk(pixels: NDArray[np.uint8], across: int, down: int) -> Image.Image:
    """The frame averaged over blocks of `across` x `down` pixels."""
    height, width, _ = pixels.shape
    if down >= 4 and height % down == 0:
        # Unpacking a whole frame takes Pillow longest. Two rows of a block stand for it: of 745
        # faces in eight scenes one was lost and three came, and half the time was saved.
        blocks = pixels.reshape(-1, down, width * 3)
        one, other = blocks[:, down // 4], blocks[:, -1 - down // 4]
        mean = (one & other) + ((one ^ other) >> 1)  # without leaving uint8
        pixels, down = mean.reshape(-1, width, 3), 1
    image = _as_image(pixels)
    return image if (across, down) == (1, 1) else image.reduce((across, down))


def _as_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """`pixels` for Pillow, which takes ten times as long to read a part of a frame by itself."""
    return Image.fromarray(np.ascontiguousarray(pixels))
