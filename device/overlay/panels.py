# SPDX-License-Identifier: Apache-2.0
"""The parts of a kiosk's screen that stand beside the picture, each a picture by itself."""

from collections.abc import Mapping

from PIL import Image, ImageDraw

from device.overlay.layout import text_height
from device.overlay.tally import LABELS, Counts, Tally
from device.overlay.theme import Theme, fitting, font_of
from device.records import FEMALE, MALE, UNSURE, PerceivedGender

Size = tuple[int, int]
_TITLE = "Passerby"
_MOTTO = "counts visits, keeps no picture"
_PERCEIVED = "perceived gender"
_NAMES: dict[PerceivedGender, str] = {label: label for label in LABELS}
_FULL_NAMES = {**_NAMES, FEMALE: "perceived female", MALE: "perceived male"}
# The forms of the counts, in heights of their text.
_TALL_WIDTH, _TALL_HEIGHT = 9.0, 13.0
_SHORT_HEIGHT = 7.0
_SMOOTH = 4


def notice_bar(size: Size, *, theme: Theme) -> Image.Image:
    """The words that tell people what watches them, with a lamp."""
    bar, pen = _sheet(size, theme.ground)
    width, height = size
    lamp = height * 0.42
    pad = (height - lamp) / 2
    bar.paste(_lamp(round(lamp), theme), (round(pad), round(pad)))
    left = 2 * pad + lamp
    font = fitting(theme.notice, size=round(height / 1.7), width=width - left - pad)
    pen.text((left, height / 2), theme.notice, fill=theme.paper, font=font, anchor="lm")
    return bar


def counts_panel(size: Size, counts: Counts, *, text: int, theme: Theme) -> Image.Image:
    """Visits in all and by perceived gender, in the largest form that fits."""
    panel, pen = _sheet(size, theme.ground)
    tall = int(min(size[0] / _TALL_WIDTH, size[1] / _TALL_HEIGHT))
    if tall >= text:
        _tall(pen, size, counts, text=tall, theme=theme)
    elif size[1] >= _SHORT_HEIGHT * text:
        _short(pen, size, counts, text=text, theme=theme)
    else:
        _flat(pen, size, counts, text=text, theme=theme)
    return panel


def words_panel(size: Size, words: str, *, text: int, theme: Theme) -> Image.Image:
    """Words in the middle of a plain ground, in place of a picture."""
    panel, pen = _sheet(size, theme.plain)
    _centred(pen, size, words, round(1.3 * text), theme.paper)
    return panel


def waiting_screen(size: Size, reason: str, *, theme: Theme) -> Image.Image:
    """A whole screen that says what is waited for."""
    screen, pen = _sheet(size, theme.ground)
    width, height = size
    text = text_height(size)
    middle = width / 2
    title = fitting(_TITLE, size=2 * text, width=width * 0.9)
    pen.text((middle, height * 0.18), _TITLE, fill=theme.muted, font=title, anchor="mm")
    _centred(pen, size, reason, round(1.3 * text), theme.paper)
    motto = fitting(_MOTTO, size=text, width=width * 0.9)
    pen.text((middle, height * 0.88), _MOTTO, fill=theme.muted, font=motto, anchor="mm")
    return screen


def _lamp(side: int, theme: Theme) -> Image.Image:
    """A round lamp without jags."""
    large = side * _SMOOTH
    lamp, pen = _sheet((large, large), theme.ground)
    pen.ellipse((0, 0, large - 1, large - 1), fill=theme.lamp)
    return lamp.reduce(_SMOOTH)


def _sheet(size: Size, colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", size, colour)
    return sheet, ImageDraw.Draw(sheet)


def _tall(pen: ImageDraw.ImageDraw, size: Size, counts: Counts, *, text: int, theme: Theme) -> None:
    """Heading, one large number, and a row for each answer."""
    left, top = (size[0] - _TALL_WIDTH * text) / 2 + 0.7 * text, (size[1] - _TALL_HEIGHT * text) / 2
    room = _TALL_WIDTH * text - 1.4 * text
    number = str(counts.tally.total)
    lines = (
        (1.2, counts.heading, text, theme.muted),
        (3.7, number, round(3.2 * text), theme.paper),
        (6.7, _PERCEIVED, text, theme.muted),
    )
    for down, words, height, colour in lines:
        font = fitting(words, size=height, width=room)
        pen.text((left, top + down * text), words, fill=colour, font=font, anchor="lm")
    _rows(pen, (left, top + 8.4 * text), counts.tally, _NAMES, room=room, text=text, theme=theme)


def _short(
    pen: ImageDraw.ImageDraw, size: Size, counts: Counts, *, text: int, theme: Theme
) -> None:
    """The total in one line, and a row for each answer."""
    left, top = 0.6 * text, (size[1] - _SHORT_HEIGHT * text) / 2
    room = min(size[0] - 2 * left, 2 * _TALL_WIDTH * text)
    total = f"{counts.heading}  {counts.tally.total}"
    font = fitting(total, size=round(1.2 * text), width=room)
    pen.text((left, top + 0.9 * text), total, fill=theme.paper, font=font, anchor="lm")
    _rows(
        pen, (left, top + 2.6 * text), counts.tally, _FULL_NAMES, room=room, text=text, theme=theme
    )


def _rows(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    tally: Tally,
    names: Mapping[PerceivedGender, str],
    *,
    room: float,
    text: int,
    theme: Theme,
) -> None:
    """One row for each answer: how its boxes look, its name, its number at the right."""
    left, top = at
    longest = max((f"{names[label]}  {tally.of(label)}" for label in LABELS), key=len)
    font = fitting(longest, size=round(1.2 * text), width=room - 1.3 * text)
    for place, label in enumerate(LABELS):
        y = top + 1.7 * place * text
        _swatch(pen, (left, y - 0.4 * text), round(0.8 * text), label, theme)
        pen.text((left + 1.3 * text, y), names[label], fill=theme.paper, font=font, anchor="lm")
        pen.text((left + room, y), str(tally.of(label)), fill=theme.paper, font=font, anchor="rm")


def _flat(pen: ImageDraw.ImageDraw, size: Size, counts: Counts, *, text: int, theme: Theme) -> None:
    """Two lines: all visits, and how many of each answer."""
    width, height = size
    pad = text / 2
    parts = [f"{label} {counts.tally.of(label)}" for label in LABELS]
    # Between the words stand gaps and three swatches, five and a half texts in all.
    words = "perceived" + "".join(parts)
    font = fitting(words, size=text, width=width - 2 * pad - 5.5 * text)
    above, below = height * 0.28, height * 0.72
    total = f"{counts.heading}  {counts.tally.total}"
    first = fitting(total, size=round(1.2 * text), width=width - 2 * pad)
    pen.text((pad, above), total, fill=theme.paper, font=first, anchor="lm")
    pen.text((pad, below), "perceived", fill=theme.muted, font=font, anchor="lm")
    x = pad + font.getlength("perceived") + 0.6 * text
    for label, part in zip(LABELS, parts, strict=True):
        _swatch(pen, (x, below - 0.4 * text), round(0.8 * text), label, theme)
        x += 1.1 * text
        pen.text((x, below), part, fill=theme.paper, font=font, anchor="lm")
        x += font.getlength(part) + 0.5 * text


def _swatch(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    side: int,
    label: PerceivedGender,
    theme: Theme,
) -> None:
    """The colour of an answer as its boxes show it: whole, or broken for unsure."""
    x, y = at
    line = max(2, side // 6)
    pen.rectangle((x, y, x + side, y + side), outline=theme.colour(label), width=line)
    if label != UNSURE:
        pen.rectangle((x, y, x + side, y + side), fill=theme.colour(label))
        return
    third = side / 3
    pen.rectangle((x + third, y, x + 2 * third, y + side), fill=theme.ground)
    pen.rectangle((x, y + third, x + side, y + 2 * third), fill=theme.ground)


def _centred(pen: ImageDraw.ImageDraw, size: Size, words: str, text: int, colour: str) -> None:
    """Words over several lines in the middle half of the sheet, smaller if they must be."""
    width, height = size[0] * 0.9, size[1] * 0.5
    lines = _wrapped(words, text, width)
    while len(lines) * text * 1.4 > height and text > 6:
        text -= 1
        lines = _wrapped(words, text, width)
    top = size[1] / 2 - (len(lines) - 1) * text * 0.7
    for number, line in enumerate(lines):
        place = (size[0] / 2, top + number * text * 1.4)
        pen.text(place, line, fill=colour, font=font_of(text), anchor="mm")


def _wrapped(words: str, text: int, width: float) -> list[str]:
    """Lines that are no wider than `width`; a word that is gets broken."""
    font = font_of(text)
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines
