# SPDX-License-Identifier: Apache-2.0
"""No screen: what an appliance without one shows its frames on."""

from types import TracebackType
from typing import Self

from device.records import Frame, Observation


class NoneDisplay:
    """Draws nothing and keeps nothing."""

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to close."""

    def wait(self, reason: str) -> None:
        """Say it to nobody."""

    def show(self, frame: Frame, observation: Observation) -> None:
        """Let the frame pass undrawn."""
