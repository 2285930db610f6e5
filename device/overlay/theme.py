# SPDX-License-Identifier: Apache-2.0
"""Colours, words and the font of all drawings.

The colours of answers are Okabe and Ito's (jfly.uni-koeln.de/color), told apart by colour-blind
eyes too; unsure also differs by its dashes, so that no answer hangs on colour alone.
"""

from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageFont

from device.records import FEMALE, MALE, UNSURE, PerceivedGender

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
NOTICE = "camera on, nothing is stored"


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb, and sizes as shares of a single picture's height."""

    female: str = "#E69F00"
    male: str = "#56B4E9"
    unsure: str = "#DDDDDD"
    ink: str = "#101010"
    paper: str = "#FFFFFF"
    lamp: str = "#F0563D"
    ground: str = "#14181C"
    plain: str = "#2B3945"
    muted: str = "#C3CBD2"
    notice: str = NOTICE
    text_share: float = 1 / 30
    line_share: float = 1 / 190
    min_text_pixels: int = 11

    def colour(self, label: PerceivedGender) -> str:
        """The colour of an answer."""
        return {FEMALE: self.female, MALE: self.male, UNSURE: self.unsure}[label]


PLAIN = Theme()


@lru_cache(maxsize=16)
def font_of(size: int) -> Font:
    """Pillow's own font, `size` pixels high: the only one that is there on every machine."""
    return ImageFont.load_default(size)


def fitting(words: str, *, size: int, width: float, least: int = 6) -> Font:
    """The font in which `words` are no wider than `width`, at most `size` pixels high."""
    while size > least and font_of(size).getlength(words) > width:
        size -= 1
    return font_of(size)
