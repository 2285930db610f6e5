# SPDX-License-Identifier: Apache-2.0
"""One picture by itself, with all that was seen, the notice and a line of counts drawn on it."""

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from device.overlay.faces import Style, draw_faces
from device.overlay.tally import Tally
from device.overlay.theme import PLAIN, Theme, font_of
from device.records import FEMALE, MALE, UNSURE, Observation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw(
    pixels: "NDArray[np.uint8]",
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
    style = _style(picture.height, theme)
    draw_faces(picture, observation, theme=theme, style=style)
    _notice(picture, theme, style)
    _line(picture, _counts(tally) if tally else _present(observation), theme, style)
    return picture


def _style(height: int, theme: Theme) -> Style:
    text = max(theme.min_text_pixels, round(height * theme.text_share))
    pad = max(2, text // 4)
    row = text + 2 * pad
    line = max(1, round(height * theme.line_share))
    return Style(text, line, pad, ceiling=row, floor=height - row, numbered=True)


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


def _notice(picture: Image.Image, theme: Theme, style: Style) -> None:
    """The words that tell people what watches them, with a lamp."""
    lamp, pad, font = style.text, style.pad, font_of(style.text)
    _shade(picture, (0, 0, lamp + font.getlength(theme.notice) + 4 * pad, style.row))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((pad, pad, pad + lamp, pad + lamp), fill=theme.lamp)
    place = (lamp + 2.5 * pad, style.row / 2)
    pen.text(place, theme.notice, fill=theme.paper, font=font, anchor="lm")


def _line(picture: Image.Image, words: str, theme: Theme, style: Style) -> None:
    """One line along the bottom."""
    _shade(picture, (0, style.floor, picture.width, picture.height))
    place = (2 * style.pad, style.floor + style.row / 2)
    pen = ImageDraw.Draw(picture)
    pen.text(place, words, fill=theme.paper, font=font_of(style.text), anchor="lm")


def _shade(picture: Image.Image, area: tuple[float, float, float, float]) -> None:
    """Darken a part of the picture so that light text can be read on it."""
    left, top, right, bottom = (round(value) for value in area)
    part = picture.crop((left, top, right, bottom)).point(lambda value: value * 0.3)
    picture.paste(part, (left, top))
