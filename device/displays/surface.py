# SPDX-License-Identifier: Apache-2.0
"""Where a kiosk's pictures go: the seam below the kiosk, and what turns a screen on its side."""

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from device.protocols import Resource

if TYPE_CHECKING:
    from PIL import Image

ROTATIONS = (0, 90, 180, 270)


class Surface(Resource, Protocol):
    """Something that shows pixels, known by its size once it is entered; leaving it blackens it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    def put(self, picture: "Image.Image", at: tuple[int, int]) -> None:
        """Show an RGB picture with its upper left corner `at` (x, y), wholly within the surface."""
        ...

    def present(self) -> None:
        """Everything that was put is to be seen now.

        Raises:
            DisplayError: the screen has gone.
        """
        ...


class Turned:
    """Another surface, seen by somebody who has turned the screen.

    Args:
        surface: the screen as its driver sees it.
        degrees: 0, 90, 180 or 270, how far clockwise the picture is turned on it.
    """

    def __init__(self, surface: Surface, *, degrees: int) -> None:
        self._surface = surface
        self._degrees = degrees

    def __enter__(self) -> Self:
        """Enter the surface itself."""
        self._surface.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the surface itself."""
        self._surface.__exit__(kind, error, trace)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as the onlooker sees them."""
        width, height = self._surface.size
        return (height, width) if self._degrees in (90, 270) else (width, height)

    def put(self, picture: "Image.Image", at: tuple[int, int]) -> None:
        """Show a picture upright for the onlooker."""
        width, height = self.size
        left, top = at
        right, bottom = width - left - picture.width, height - top - picture.height
        places = {0: (left, top), 90: (bottom, left), 180: (right, bottom), 270: (top, right)}
        self._surface.put(_turned(picture, self._degrees), places[self._degrees])

    def present(self) -> None:
        """Show it."""
        self._surface.present()


def _turned(picture: "Image.Image", degrees: int) -> "Image.Image":
    """The picture turned clockwise."""
    from PIL.Image import Transpose  # noqa: PLC0415  only a kiosk loads Pillow for its screen

    # Pillow counts against the clock.
    ways = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
    return picture.transpose(ways[degrees]) if degrees else picture
