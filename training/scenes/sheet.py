# SPDX-License-Identifier: Apache-2.0
"""One picture that tells a whole scene: some of its frames, drawn over, side by side."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from device.overlay import Tally, draw
from device.records import UNSURE, Observation
from training.scenes.files import read_frames
from training.scenes.watching import Seen

GAP = 8
CAPTION = 26
PAPER, INK = "#FFFFFF", "#333333"


def contact_sheet(
    path: Path, seen: Seen, *, columns: int = 3, rows: int = 2, width: int = 480
) -> Image.Image:
    """Annotated frames of the scene file `path`, in the order of time, with credit below.

    Args:
        path: the scene file.
        seen: what the device made of it.
        columns: frames side by side.
        rows: frames one below the other.
        width: of one frame in pixels.
    """
    scene = seen.scene
    height = round(width * scene.height / scene.width)
    size = (GAP + columns * (width + GAP), GAP + rows * (height + GAP) + 2 * CAPTION)
    sheet = Image.new("RGB", size, PAPER)
    chosen = choose(seen.observations, columns * rows)
    tally, place = Tally(), 0
    for observation, pixels in zip(seen.observations, read_frames(path, scene), strict=True):
        tally = tally.plus(observation.ended)
        if observation.frame not in chosen:
            continue
        row, column = divmod(place, columns)
        corner = (GAP + column * (width + GAP), GAP + row * (height + GAP))
        sheet.paste(draw(pixels, observation, tally=tally, size=(width, height)), corner)
        place += 1
    _caption(sheet, (scene.attribution, f"Licence of this picture: {scene.licence}"))
    return sheet


def choose(observations: Sequence[Observation], count: int) -> set[int]:
    """Numbers of the frames that show most: from each part of the scene the fullest one."""
    worth = [one for one in observations if one.sightings]
    parts = (
        worth[len(worth) * part // count : len(worth) * (part + 1) // count]
        for part in range(count)
    )
    return {max(part, key=_fullness).frame for part in parts if part}


def _fullness(observation: Observation) -> tuple[int, int, float]:
    """Many faces first, then decided ones, then the one whose smallest face is the largest."""
    inside = [
        one
        for one in observation.sightings
        if one.face.box.x > 0 and one.face.box.x + one.face.box.width < observation.width
    ]
    decided = sum(one.steady != UNSURE for one in inside)
    return len(inside), decided, min((one.face.box.width for one in inside), default=0.0)


def _caption(sheet: Image.Image, lines: Sequence[str]) -> None:
    """Lines at the bottom, each as large as fits, without the accents that Pillow's font lacks."""
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(reversed(lines)):
        words = unicodedata.normalize("NFKD", line).encode("ascii", "ignore").decode()
        size = 13
        while size > 7 and pen.textlength(words, font=ImageFont.load_default(size)) > sheet.width:
            size -= 1
        middle = (GAP, sheet.height - CAPTION * (number + 0.5))
        pen.text(middle, words, fill=INK, font=ImageFont.load_default(size), anchor="lm")
