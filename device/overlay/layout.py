# SPDX-License-Identifier: Apache-2.0
"""Where things stand on a kiosk's screen, for any size and shape. Pure arithmetic.

The notice is a bar along the top. Below it stand the picture and the counts: side by side or one
above the other, whichever leaves the picture larger.
"""

from dataclasses import dataclass

# Text is a twentieth of the screen's shorter side: 24 px, some 4 mm, on a 7-inch 800 x 480 panel,
# which is read with ease at arm's length.
_TEXT_SHARE = 1 / 20
_MIN_TEXT_PIXELS = 13
_BAR_TEXTS = 1.7
_LEAST_SIDE_TEXTS = 9.0
_LEAST_FOOT_TEXTS = 3.4


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of whole pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def at(self) -> tuple[int, int]:
        """Its upper left corner."""
        return self.x, self.y

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a screen of `size`; together with the ground they cover all of it.

    `text` is the height of text in pixels.
    """

    size: tuple[int, int]
    text: int
    notice: Area
    picture: Area
    counts: Area


def lay_out(size: tuple[int, int], frame: tuple[int, int]) -> Layout:
    """Divide a screen of `size` (width, height) for frames of the shape of `frame`."""
    width, height = size
    text = text_height(size)
    bar = round(_BAR_TEXTS * text)
    room = height - bar
    side = _fitted(frame, width - round(_LEAST_SIDE_TEXTS * text), room)
    foot = _fitted(frame, width, room - round(_LEAST_FOOT_TEXTS * text))
    if side[0] * side[1] > foot[0] * foot[1]:
        picture = Area(0, bar + (room - side[1]) // 2, *side)
        counts = Area(side[0], bar, width - side[0], room)
    else:
        picture = Area((width - foot[0]) // 2, bar, *foot)
        counts = Area(0, bar + foot[1], width, room - foot[1])
    return Layout(size, text, Area(0, 0, width, bar), picture, counts)


def text_height(size: tuple[int, int]) -> int:
    """The height of text, in pixels, on a screen of `size`."""
    return max(_MIN_TEXT_PIXELS, round(min(size) * _TEXT_SHARE))


def _fitted(frame: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The largest size of the frame's shape within `width` x `height`, at least one pixel."""
    scale = max(0.0, min(width / frame[0], height / frame[1]))
    return max(1, int(frame[0] * scale)), max(1, int(frame[1] * scale))
