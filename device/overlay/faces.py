# SPDX-License-Identifier: Apache-2.0
"""Boxes and answers over a picture: colour and words, and dashes where the answer is unsure."""

from dataclasses import dataclass

from PIL import Image, ImageDraw

from device.overlay.theme import Theme, font_of
from device.records import UNSURE, Observation, Sighting

Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """How faces are drawn: pixels of text, line and padding.

    `ceiling` and `floor` are the rows between which labels stay; `numbered` adds track numbers.
    """

    text: int
    line: int
    pad: int
    ceiling: float
    floor: float
    numbered: bool

    @property
    def row(self) -> int:
        """The height of a label."""
        return self.text + 2 * self.pad


def draw_faces(
    picture: Image.Image, observation: Observation, *, theme: Theme, style: Style
) -> None:
    """Draw all that was seen onto `picture`, which shows the whole frame at any size."""
    pen = ImageDraw.Draw(picture)
    across, down = picture.width / observation.width, picture.height / observation.height
    placed = []
    for sighting in reversed(observation.sightings):  # the largest, nearest one goes on top
        box = sighting.face.box
        left, top = box.x * across, box.y * down
        area = (left, top, left + box.width * across, top + box.height * down)
        placed.append((area, sighting))
        _frame(pen, area, sighting, theme, style.line)
    for area, sighting in placed:  # and no frame may cross out an answer
        _label(pen, area, sighting, width=picture.width, theme=theme, style=style)


def _answer(sighting: Sighting) -> str:
    if sighting.steady == UNSURE:
        return UNSURE
    return f"{sighting.steady} {sighting.steady_confidence:.0%}"


def _label(
    pen: ImageDraw.ImageDraw,
    area: Area,
    sighting: Sighting,
    *,
    width: int,
    theme: Theme,
    style: Style,
) -> None:
    """The answer above its box; at the upper edge it slides into the box instead of jumping."""
    words = f"{_answer(sighting)}  #{sighting.track}" if style.numbered else _answer(sighting)
    font = font_of(style.text)
    broad = font.getlength(words) + 2 * style.pad
    x = max(0.0, min(area[0], width - broad))
    y = max(style.ceiling, min(area[1] - style.row, style.floor - style.row))
    pen.rectangle((x, y, x + broad, y + style.row), fill=theme.colour(sighting.steady))
    pen.text((x + style.pad, y + style.row / 2), words, fill=theme.ink, font=font, anchor="lm")


def _frame(
    pen: ImageDraw.ImageDraw, area: Area, sighting: Sighting, theme: Theme, line: int
) -> None:
    left, top, right, bottom = area
    dark = (left - 1, top - 1, right + 1, bottom + 1)  # a rim that light backgrounds need
    pen.rectangle(dark, outline=theme.ink, width=line + 2)
    pen.rectangle(area, outline=theme.colour(sighting.steady), width=line)
    if sighting.steady == UNSURE:
        _gaps(pen, area, theme.ink, line)


def _gaps(pen: ImageDraw.ImageDraw, area: Area, colour: str, line: int) -> None:
    """Turn a whole line into a dashed one."""
    left, top, right, bottom = area
    gap, inner = 4 * line, line - 1
    for number in range(int(max(0.0, right - left - gap) / (2 * gap)) + 1):
        x = left + (2 * number + 1) * gap
        if x < right - gap:
            for y in (top, bottom - inner):
                pen.rectangle((x, y, x + gap, y + inner), fill=colour)
    for number in range(int(max(0.0, bottom - top - gap) / (2 * gap)) + 1):
        y = top + (2 * number + 1) * gap
        if y < bottom - gap:
            for x in (left, right - inner):
                pen.rectangle((x, y, x + inner, y + gap), fill=colour)
