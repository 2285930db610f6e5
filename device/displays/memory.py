# SPDX-License-Identifier: Apache-2.0
"""A screen in memory: keeps the last drawn picture for tests and inspection.

Only where a person chose this display does a picture outlive its frame, and then one at most.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from device import overlay
from device.records import Frame, Observation

if TYPE_CHECKING:
    from PIL.Image import Image


class MemoryDisplay:
    """Draws every frame and keeps the last one until its block ends."""

    def __init__(self) -> None:
        self.picture: Image | None = None
        self.observation: Observation | None = None
        self._tally = overlay.Tally()

    def __enter__(self) -> Self:
        """Start with nothing shown."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget the picture."""
        self.picture = None
        self.observation = None

    def wait(self, reason: str) -> None:
        """Keep what was shown."""

    def show(self, frame: Frame, observation: Observation) -> None:
        """Draw `frame` with what was seen in it, in place of the one before."""
        self._tally = self._tally.plus(observation.ended)
        self.picture = overlay.draw(frame.pixels, observation, tally=self._tally)
        self.observation = observation
