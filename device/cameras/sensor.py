# SPDX-License-Identifier: Apache-2.0
"""What all live cameras share: a sensor gives buffers, and this makes frames of them.

A sensor is the thin part that differs: libcamera, V4L2, or the fake. Waits are bounded here, broken
frames are passed over, pixels are put in order, turned, and watched for black. After a sensor has
once failed nothing is asked of it any more but to close, and where it gave no frame in time not
even that: what hangs once hangs again, and worse.
"""

import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from device.cameras.darkness import Darkness
from device.cameras.layouts import Layout, as_rgb
from device.cameras.turning import Turn
from device.cameras.wish import Wish
from device.closing import bounded, leave_open
from device.errors import CameraError, CameraStalledError, InputError
from device.protocols import Clock
from device.records import Frame

log = logging.getLogger(__name__)

# How long a sensor may take to close; one whose driver hangs is left to the end of the process.
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Granted:
    """What a sensor really gives: its layout, and whether it mirrors as wished by itself."""

    layout: Layout
    mirrors: bool = False


class Sensor(Protocol):
    """A source of buffers. Every wait is bounded by the caller's timeout."""

    @property
    def name(self) -> str:
        """What it is, in words a person can act on."""
        ...

    @property
    def dropped(self) -> int:
        """Frames so far that nobody fetched in time."""
        ...

    def open(self, wish: Wish, turn: Turn) -> Granted:
        """Take hold of it and start it.

        Raises:
            CameraError: it is not there, or cannot do what it must.
            BusyError: somebody else holds it.
        """
        ...

    def read(self, timeout: float) -> NDArray[np.uint8]:
        """The newest buffer as uint8[bytes], the caller's own or valid until the next call.

        Raises:
            CameraStalledError: none came within `timeout` seconds.
            CameraError: it went away.
        """
        ...

    def close(self) -> None:
        """Let it go, whatever state it is in; may hang where a driver does."""
        ...


class SensorCamera:
    """A camera over a sensor.

    Frames are numbered so that those which nobody fetched are missing.

    Args:
        sensor: gives buffers.
        wish: what is asked of it.
        clock: tells the time.
    """

    def __init__(self, sensor: Sensor, *, wish: Wish, clock: Clock) -> None:
        self._sensor = sensor
        self._wish = wish
        self._clock = clock
        self._turn = Turn()
        self._layout: Layout | None = None
        self._darkness = Darkness(wish.black_seconds, subject=sensor.name)
        self._failure: CameraError | None = None
        self._hangs = False
        self._delivered = 0
        self.skipped = 0

    @property
    def name(self) -> str:
        """What the sensor is."""
        return self._sensor.name

    @property
    def dropped(self) -> int:
        """Frames so far that nobody fetched in time."""
        return self._sensor.dropped

    def __enter__(self) -> Self:
        """Open and start the sensor.

        Raises:
            CameraError: it is not there, or cannot do what it must.
            BusyError: somebody else holds it.
        """
        turn = Turn.of(
            rotation_degrees=self._wish.rotation_degrees,
            horizontal=self._wish.flip_horizontal,
            vertical=self._wish.flip_vertical,
        )
        self._failure = None
        self._hangs = False
        self._delivered = 0
        try:
            granted = self._sensor.open(self._wish, turn)
        except BaseException:
            self._close()
            raise
        self._layout = granted.layout
        self._turn = turn.without_mirrors() if granted.mirrors else turn
        log.info(
            "%s gives %dx%d %s", self.name, self._layout.width, self._layout.height,
            self._layout.format,
        )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the sensor, or leave it when it hangs."""
        self._layout = None
        self._close()

    def capture(self, timeout: float) -> Frame:
        """The newest frame.

        Raises:
            CameraStalledError: none came within `timeout` seconds, or only broken ones.
            CameraBlackError: all have been black for as long as the wish says.
            CameraError: the sensor is gone, or has failed before.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._capture(self._clock.monotonic() + timeout, timeout)
        except CameraError as error:
            self._failure = error
            raise

    def _capture(self, deadline: float, timeout: float) -> Frame:
        if self._layout is None:
            raise CameraError(f"the {self.name} is closed, expected it open: use it in `with`")
        while True:
            data = self._read(deadline)
            stamp = self._clock.stamp()
            try:
                pixels = self._turn.apply(as_rgb(data, self._layout))
            except InputError as error:
                self.skipped += 1
                log.warning("%s: %s", self.name, error)
                if stamp.monotonic >= deadline:
                    raise CameraStalledError(
                        f"the {self.name} gave only broken frames for {timeout:g} s, expected "
                        "whole ones: check its cable, or ask for a smaller picture"
                    ) from error
                continue
            self._darkness.look(pixels, stamp.monotonic)
            number = self._delivered + self.dropped
            self._delivered += 1
            return Frame(number, stamp, pixels)

    def _read(self, deadline: float) -> NDArray[np.uint8]:
        try:
            return self._sensor.read(max(0.0, deadline - self._clock.monotonic()))
        except CameraStalledError:
            self._hangs = True
            raise

    def _close(self) -> None:
        # A driver that hangs may hang again, with Python's lock held: then no bound would help.
        if self._hangs or not bounded(self._sensor.close, seconds=_CLOSE_SECONDS):
            leave_open(self.name)
