# SPDX-License-Identifier: Apache-2.0
"""A screen in memory: keeps what is on it for tests and inspection.

Only where a person chose this display does a picture outlive its frame, and then one at most.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from PIL.Image import Image


class MemorySurface:
    """A picture of `size` that is painted over and over, and forgotten when its block ends."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self.picture: Image | None = None

    def __enter__(self) -> Self:
        """Start black."""
        from PIL import Image  # noqa: PLC0415  a daemon without a screen does without Pillow's

        self.picture = Image.new("RGB", self._size)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget the picture."""
        self.picture = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._size

    def put(self, picture: "Image", at: tuple[int, int]) -> None:
        """Paint over a part of it."""
        if self.picture is not None:
            self.picture.paste(picture, at)

    def present(self) -> None:
        """Nothing more to do: it is all there."""
