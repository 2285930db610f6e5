# SPDX-License-Identifier: Apache-2.0
"""The seams: what cameras, displays, sinks and clocks must offer, "off" and "fake" ones too."""

from types import TracebackType
from typing import Protocol, Self

from device.records import Frame, Observation, Stamp


class Clock(Protocol):
    """Tells the time; tests hand in one that they move by hand."""

    def stamp(self) -> Stamp:
        """The present moment, with boot id and whether wall time can be trusted."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment, never going back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class Resource(Protocol):
    """Something that is held while in use and let go by leaving its `with` block."""

    def __enter__(self) -> Self:
        """Take hold of it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it go; raises only to say that something is lost."""
        ...


class Camera(Resource, Protocol):
    """A source of frames."""

    @property
    def name(self) -> str:
        """What this camera is, in words a person can act on."""
        ...

    @property
    def skipped(self) -> int:
        """How many broken pictures were passed over so far."""
        ...

    @property
    def dropped(self) -> int:
        """How many frames were passed over so far because nobody fetched them in time."""
        ...

    def capture(self, timeout: float) -> Frame:
        """The newest frame, waited for at most `timeout` seconds.

        Raises:
            CameraStalledError: no frame came in time.
            CameraEndedError: a replay has shown its last frame.
            CameraError: the camera is gone or unreadable.
        """
        ...


class Display(Resource, Protocol):
    """A screen, or none."""

    def wait(self, reason: str) -> None:
        """Say what is waited for in place of a picture, until the next frame is shown."""
        ...

    def show(self, frame: Frame, observation: Observation) -> None:
        """Draw one frame and what was seen in it."""
        ...


class Sink(Resource, Protocol):
    """A place where results go. `publish` must not raise for a full disk or a lost peer."""

    def publish(self, observation: Observation) -> None:
        """Take one observation and the visits that ended with it."""
        ...

    def tick(self) -> None:
        """Time passes without a frame: the camera is waited for. Must not raise either."""
        ...

    def state(self) -> dict[str, object]:
        """How it fares, for `passerby status`: at least {"ok": bool}."""
        ...
