# SPDX-License-Identifier: Apache-2.0
"""A window of SDL2 through pygame: on a desktop, or over a whole screen without one (KMSDRM)."""

import os
import signal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from device.errors import DisplayError

if TYPE_CHECKING:
    from PIL.Image import Image

_TITLE = "Passerby"


class WindowSurface:
    """A window of `size`, or the whole screen if None. Closing it stops the daemon in order."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        self._wanted = size
        self._pygame: Any = None
        self._screen: Any = None

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            DisplayError: pygame is not installed, or SDL finds no screen.
        """
        # pygame greets on standard output, which is the journal's.
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame  # noqa: PLC0415  the one door to pygame, opened only where it is chosen
        except ImportError as error:
            raise DisplayError(
                f"pygame cannot be loaded ({error}), expected pygame-ce: pip install "
                "'passerby[window]', or set display.kind = \"framebuffer\""
            ) from error
        self._pygame = pygame
        try:
            pygame.display.init()
            whole = pygame.FULLSCREEN if self._wanted is None else 0
            self._screen = pygame.display.set_mode(self._wanted or (0, 0), whole)
        except pygame.error as error:
            pygame.display.quit()
            raise DisplayError(
                f"no window can be opened ({error}), expected a desktop or a screen on DRM/KMS: "
                'start it there, see SDL_VIDEODRIVER, or set display.kind = "framebuffer"'
            ) from error
        pygame.display.set_caption(_TITLE)
        pygame.mouse.set_visible(self._wanted is not None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._screen = None
        self._pygame.display.quit()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self._screen is None:
            raise DisplayError("the window is closed: use it in `with`")
        width, height = self._screen.get_size()
        return width, height

    def put(self, picture: "Image", at: tuple[int, int]) -> None:
        """Paint over a part of it."""
        if self._screen is not None:
            pixels = self._pygame.image.frombuffer(picture.tobytes(), picture.size, "RGB")
            self._screen.blit(pixels, at)

    def present(self) -> None:
        """Show it; a person who closed it gets what SIGTERM would do."""
        if self._screen is None:
            return
        self._pygame.display.flip()
        if any(event.type == self._pygame.QUIT for event in self._pygame.event.get()):
            signal.raise_signal(signal.SIGTERM)
