# SPDX-License-Identifier: Apache-2.0
"""THE preprocessing: letterbox for detectors, aligned crops and their second view for classifiers.

Training and device both call these functions, so that a model meets on the Pi the very pixels that
it was trained on. Everything is uint8; the models' own input quantisation does the rest. A picture
may be an array or a Pillow image: what comes out is the same to the last bit, and an image is
spared the way through an array and back.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from device.records import Face, FaceCrop, Picture

Colour = Literal["rgb", "grey"]

# Lightness of a face: the mean over FairFace's training pictures.
MIDDLE_LIGHT: Final = 112
# The middle of a face, as parts of a crop's side: brows to upper lip, and no hair or background.
_ROWS, _COLUMNS = (0.42, 0.72), (0.28, 0.72)
# ITU-R BT.601, in thousandths: whole numbers are the same on every machine.
_LUMA: Final = np.array([299, 587, 114], np.int32)
# A power of black or white is what it was.
_DARKEST, _LIGHTEST = 1, 254


class CropRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How a face is cut: recorded in the bundle, so that a crop can never be cut another way.

    Attributes:
        size: side of the square crop in pixels.
        scale: side of the square on the frame, as a multiple of the face box's longer side.
        colour: "rgb" gives three channels, "grey" one (ITU-R 601 luma, as Pillow's "L").
        alignment: "eyes" turns the face until the line through both eyes is level.
        resample: "bilinear", after a box average when the face is shrunk by two or more.
        fill: grey level of what lies outside the frame, 0 to 255.
        margin: pixels that are cut around the crop for its second view, at the same scale.
    """

    size: int
    scale: float
    colour: Colour = "rgb"
    alignment: Literal["eyes"] = "eyes"
    resample: Literal["bilinear"] = "bilinear"
    fill: int = 128
    margin: int = 0


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a frame lies inside the detector's square: square = frame * scale + offset."""

    scale: float
    left: int
    top: int


def size_of(picture: Picture) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    if isinstance(picture, Image.Image):
        return picture.size
    height, width = picture.shape[:2]
    return width, height


def letterbox(
    picture: Picture, size: int, *, margin: float = 0.0
) -> tuple[NDArray[np.uint8], Letterbox]:
    """Fit a frame into a square, keeping its proportions, centred on black.

    Args:
        picture: the frame.
        size: side of the square in pixels.
        margin: black left free on every side, as a fraction of the frame's longer side.

    Returns:
        uint8[size, size, 3] and the geometry that leads back to the frame.
    """
    width, height = size_of(picture)
    scale = size / (max(width, height) * (1 + 2 * margin))
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    image = _shrunk(picture, max(1, width // across), max(1, height // down))
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


def cut(picture: Picture, face: Face, rule: CropRule) -> FaceCrop:
    """Cut a face out of a frame: level by the eyes, square about the centre of its box.

    A margin leaves the crop itself as it is, unless the face is shrunk by two or more: the blocks
    of pixels that are averaged first then begin elsewhere.

    Args:
        picture: the frame.
        face: where the face is.
        rule: size, scale, colour, fill and margin of the crop.

    Returns:
        The crop with its margin, in one channel for a grey rule.
    """
    box, size = face.box, rule.size + 2 * rule.margin
    side = max(rule.scale * max(box.width, box.height), 1.0) * (size / rule.size)
    angle = roll(face)
    cos, sin = math.cos(angle), math.sin(angle)
    centre_x, centre_y = box.x + box.width / 2, box.y + box.height / 2
    reach = side / 2 * (abs(cos) + abs(sin)) + 1  # half the upright square around the turned one
    width, height = size_of(picture)
    x0 = int(min(max(centre_x - reach, 0), width - 1))
    y0 = int(min(max(centre_y - reach, 0), height - 1))
    x1 = int(min(max(centre_x + reach + 1, x0 + 1), width))
    y1 = int(min(max(centre_y + reach + 1, y0 + 1), height))
    image = _part(picture, x0, y0, x1, y1)
    shrink = int(side / size)
    if shrink >= 2:  # bilinear alone would skip pixels
        image = image.reduce(shrink)
    else:
        shrink = 1
    step = side / size / shrink
    middle = size / 2
    origin_x, origin_y = (centre_x - x0) / shrink, (centre_y - y0) / shrink
    a, b, d, e = step * cos, -step * sin, step * sin, step * cos
    turned = image.transform(
        (size, size),
        Image.Transform.AFFINE,
        (a, b, origin_x - (a + b) * middle, d, e, origin_y - (d + e) * middle),
        Image.Resampling.BILINEAR,
        fillcolor=(rule.fill, rule.fill, rule.fill),
    )
    if rule.colour == "grey":
        return FaceCrop(np.asarray(turned.convert("L"))[:, :, None], rule.margin)
    return FaceCrop(np.asarray(turned), rule.margin)


def _shrunk(picture: Picture, across: int, down: int) -> Image.Image:
    """The frame averaged over blocks of `across` x `down` pixels."""
    width, height = size_of(picture)
    if down >= 4 and height % down == 0:
        # Averaging every row would take longest. Two rows of a block stand for it: of 745 faces in
        # eight scenes one was lost and three came, and half the time was saved.
        image = _mean_of_rows(picture, down // 4, down - 1 - down // 4, down)
        down = 1
    else:
        image = _part(picture, 0, 0, width, height)
    return image if (across, down) == (1, 1) else image.reduce((across, down))


def _mean_of_rows(picture: Picture, one: int, other: int, of: int) -> Image.Image:
    """Rows `one` and `other` of each block of `of` rows, averaged and rounded down."""
    if isinstance(picture, Image.Image):
        return Image.blend(_rows(picture, one, of), _rows(picture, other, of), 0.5)
    blocks = picture.reshape(-1, of, picture.shape[1] * 3)
    first, second = blocks[:, one], blocks[:, other]
    mean = (first & second) + ((first ^ second) >> 1)  # without leaving uint8
    return Image.fromarray(mean.reshape(-1, picture.shape[1], 3))


def _rows(image: Image.Image, one: int, of: int) -> Image.Image:
    """Row `one` of each block of `of` rows."""
    # Pillow takes the row under the middle of the new one: of * (row + 1/2) + start.
    start = one + 0.5 - of / 2
    return image.transform(
        (image.width, image.height // of), Image.Transform.AFFINE, (1, 0, 0, 0, of, start)
    )


def _part(picture: Picture, x0: int, y0: int, x1: int, y1: int) -> Image.Image:
    """A rectangle of a picture as an image by itself."""
    if isinstance(picture, Image.Image):
        box = (x0, y0, x1, y1)
        return picture if box == (0, 0, *picture.size) else picture.crop(box)
    # Pillow takes ten times as long to read rows with gaps.
    return Image.fromarray(np.ascontiguousarray(picture[y0:y1, x0:x1]))


def lightness(pixels: NDArray[np.uint8]) -> float:
    """The median luma of the middle of a face, 0 to 255.

    Args:
        pixels: uint8[s, s, 3 or 1], a levelled face as the device cuts it.
    """
    side = pixels.shape[0]
    rows, columns = (slice(*(int(part * side) for part in ends)) for ends in (_ROWS, _COLUMNS))
    middle = pixels[rows, columns].astype(np.int32)
    thousandths = middle @ _LUMA if pixels.shape[2] == len(_LUMA) else 1000 * middle
    return float(np.median(thousandths)) / 1000


def second_view(crop: FaceCrop) -> NDArray[np.uint8]:
    """The mirror image, its face brought halfway to a middle lightness by a gamma.

    A face means the same either way round and in any light, while a network's errors differ: it
    takes darkness for a sign of men, which pictures from the web taught it. With a margin the view
    is a little wider and higher than the crop, for hair tells more than a neck: it takes in the
    whole margin above, half of it on either side and nothing below.

    Returns:
        uint8[size, size, 3 or 1], as the crop's own pixels.
    """
    pixels = _with_hair(crop) if crop.margin else crop.pixels
    light = min(max(lightness(pixels), _DARKEST), _LIGHTEST)
    gamma = math.sqrt(math.log(MIDDLE_LIGHT / 255) / math.log(light / 255))
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    view: NDArray[np.uint8] = table[pixels[:, ::-1]]
    return view


def _with_hair(crop: FaceCrop) -> NDArray[np.uint8]:
    """The crop with the margin above it and half of it on either side, in the crop's own size."""
    margin, (size, _, channels) = crop.margin, crop.pixels.shape
    image = Image.fromarray(crop.around.squeeze())
    box = (margin / 2, 0, size + 3 * margin / 2, size + margin)
    view = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box))
    return view.reshape(size, size, channels)
