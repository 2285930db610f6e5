# SPDX-License-Identifier: Apache-2.0
"""Draws what was seen over a frame. Pure: pixels and records in, a picture out, nothing kept.

Colours are Okabe and Ito's (jfly.uni-koeln.de/color), told apart by colour-blind eyes too; unsure
also differs by its dashes, so that no answer hangs on colour alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from device.records import FEMALE, MALE, UNSURE, Observation, PerceivedGender, Sighting, Visit

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Area = tuple[float, float, float, float]
NOTICE = "camera on, nothing is stored"


@dataclass(frozen=True, slots=True)
class Tally:
    """Visits counted so far, by perceived gender."""

    female: int = 0
    male: int = 0
    unsure: int = 0

    @property
    def total(self) -> int:
        """All of them, unsure included."""
        return self.female + self.male + self.unsure

    def plus(self, visits: Iterable[Visit]) -> "Tally":
        """The tally after some more visits."""
        labels = [visit.perceived_gender for visit in visits]
        return Tally(
            self.female + labels.count(FEMALE),
            self.male + labels.count(MALE),
            self.unsure + labels.count(UNSURE),
        )


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb, and sizes as shares of the picture's height."""

    female: str = "#E69F00"
    male: str = "#56B4E9"
    unsure: str = "#DDDDDD"
    ink: str = "#101010"
    paper: str = "#FFFFFF"
    lamp: str = "#F0563D"
    notice: str = NOTICE
    text_share: float = 1 / 30
    line_share: float = 1 / 190
    min_text_pixels: int = 11

    def colour(self, label: PerceivedGender) -> str:
        """The colour of an answer."""
        return {FEMALE: self.female, MALE: self.male, UNSURE: self.unsure}[label]


PLAIN = Theme()


def draw(
    pixels: NDArray[np.uint8],
    observation: Observation,
    *,
    tally: Tally | None = None,
    theme: Theme = PLAIN,
    size: tuple[int, int] | None = None,
) -> Image.Image:
    """The frame with boxes, perceived gender, track numbers, counts and the notice.

    Args:
        pixels: uint8[height, width, 3], R, G, B.
        observation: what was seen in it.
        tally: visits so far; without it the line at the bottom tells of this frame alone.
        theme: colours and sizes.
        size: width and height of the picture to draw on, the frame's own if None.
    """
    picture = Image.fromarray(pixels)
    if size is not None and size != picture.size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    across, down = picture.width / observation.width, picture.height / observation.height
    canvas = _Canvas(picture, theme)
    for sighting in reversed(observation.sightings):  # the largest, nearest one goes on top
        box = sighting.face.box
        area = (box.x * across, box.y * down, box.width * across, box.height * down)
        canvas.sighting(sighting, area)
    canvas.notice()
    canvas.line(_counts(tally) if tally else _present(observation))
    return picture


def _counts(tally: Tally) -> str:
    return (
        f"visits {tally.total}:  perceived female {tally.female},  male {tally.male},  "
        f"unsure {tally.unsure}"
    )


def _present(observation: Observation) -> str:
    labels = [sighting.steady for sighting in observation.sightings]
    return (
        f"in view {len(labels)}:  perceived female {labels.count(FEMALE)},  "
        f"male {labels.count(MALE)},  unsure {labels.count(UNSURE)}"
    )


def _answer(sighting: Sighting) -> str:
    if sighting.steady == UNSURE:
        return UNSURE
    return f"{sighting.steady} {sighting.steady_confidence:.0%}"


class _Canvas:
    """A picture being drawn on."""

    def __init__(self, picture: Image.Image, theme: Theme) -> None:
        self._picture = picture
        self._pen = ImageDraw.Draw(picture)
        self._theme = theme
        size = max(theme.min_text_pixels, round(picture.height * theme.text_share))
        self._font = _font(size)
        self._line = max(1, round(picture.height * theme.line_share))
        self._pad = max(2, size // 4)
        self._row = size + 2 * self._pad

    def sighting(self, sighting: Sighting, area: Area) -> None:
        """One face: its frame, the answer above it and the track's number."""
        colour = self._theme.colour(sighting.steady)
        left, top, width, height = area
        edge = (left, top, left + width, top + height)
        self._frame(edge, colour, dashed=sighting.steady == UNSURE)
        words = f"{_answer(sighting)}  #{sighting.track}"
        broad = self._pen.textlength(words, font=self._font) + 2 * self._pad
        x = max(0.0, min(left, self._picture.width - broad))
        y = top - self._row if top >= 2 * self._row else min(top + height, self._floor)
        self._pen.rectangle((x, y, x + broad, y + self._row), fill=colour)
        self._text((x + self._pad, y + self._row / 2), words, self._theme.ink)

    def notice(self) -> None:
        """The words that tell people what watches them, with a lamp."""
        lamp = self._row - 2 * self._pad
        broad = self._pen.textlength(self._theme.notice, font=self._font)
        self._shade((0, 0, lamp + broad + 4 * self._pad, self._row))
        spot = (self._pad, self._pad, self._pad + lamp, self._pad + lamp)
        self._pen.ellipse(spot, fill=self._theme.lamp)
        place = (lamp + 2.5 * self._pad, self._row / 2)
        self._text(place, self._theme.notice, self._theme.paper)

    def line(self, words: str) -> None:
        """One line along the bottom."""
        self._shade((0, self._floor, self._picture.width, self._picture.height))
        self._text((2 * self._pad, self._floor + self._row / 2), words, self._theme.paper)

    @property
    def _floor(self) -> float:
        return self._picture.height - self._row

    def _frame(self, edge: Area, colour: str, *, dashed: bool) -> None:
        left, top, right, bottom = edge
        dark = (left - 1, top - 1, right + 1, bottom + 1)  # a rim that light backgrounds need
        self._pen.rectangle(dark, outline=self._theme.ink, width=self._line + 2)
        self._pen.rectangle(edge, outline=colour, width=self._line)
        if not dashed:
            return
        gap = 4 * self._line
        inner = self._line - 1
        for x in np.arange(left + gap, right - gap, 2 * gap):
            for y in (top, bottom - inner):
                self._pen.rectangle((x, y, x + gap, y + inner), fill=self._theme.ink)
        for y in np.arange(top + gap, bottom - gap, 2 * gap):
            for x in (left, right - inner):
                self._pen.rectangle((x, y, x + inner, y + gap), fill=self._theme.ink)

    def _text(self, middle_left: tuple[float, float], words: str, colour: str) -> None:
        self._pen.text(middle_left, words, fill=colour, font=self._font, anchor="lm")

    def _shade(self, area: Area) -> None:
        """Darken a part of the picture so that light text can be read on it."""
        left, top, right, bottom = (round(value) for value in area)
        part = self._picture.crop((left, top, right, bottom)).point(lambda value: value * 0.3)
        self._picture.paste(part, (left, top))


@lru_cache(maxsize=8)
def _font(size: int) -> Font:
    """Pillow's own font: the only one that is there on every machine."""
    return ImageFont.load_default(size)
