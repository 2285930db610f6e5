# SPDX-License-Identifier: Apache-2.0
"""A sensor made of software, for tests and for trying Passerby out: any layout, faults on schedule.

It shows the pictures of a folder or ZIP, or a card of its own. What goes wrong is read from a file
whose lines say `stall 5 20` (from 5 to 20 seconds after the file was last written), `absent 0 inf`,
or `black 10 12`; it can be written while the daemon runs, and outlasts its restarts.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.cameras.layouts import Format, Layout, row_bytes
from device.cameras.sensor import Granted, SensorCamera
from device.cameras.turning import Turn
from device.cameras.wish import Wish
from device.errors import CameraError, CameraStalledError, InputError
from device.locks import Lock
from device.pictures import PictureSource, decode, open_source
from device.protocols import Clock
from device.stills import encode_jpeg

log = logging.getLogger(__name__)

Fault = Literal["absent", "stall", "black"]
FaultsNow = Callable[[], Fault | None]

_FRAMES_PER_SECOND = 10.0


def make(wish: Wish, *, clock: Clock) -> SensorCamera:
    """The fake camera that `wish` describes, not opened yet."""
    faults = FaultFile(wish.fake_faults_path) if wish.fake_faults_path else lambda: None
    return SensorCamera(FakeSensor(faults=faults, clock=clock), wish=wish, clock=clock)


@dataclass(frozen=True, slots=True)
class FaultFile:
    """Tells the fault of the moment from a schedule in a file, which may come and go."""

    path: Path

    def __call__(self) -> Fault | None:
        """The first fault whose time it is, or None.

        Raises:
            CameraError: a line of the file makes no sense.
        """
        try:
            since = time.time() - self.path.stat().st_mtime
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        spans = [self._span(line) for line in lines if line.strip()]
        return next((fault for fault, begin, end in spans if begin <= since < end), None)

    def _span(self, line: str) -> tuple[Fault, float, float]:
        try:
            fault, begin, end = line.split()
            if fault not in get_args(Fault):
                raise ValueError(fault)
            return cast(Fault, fault), float(begin), float(end)
        except ValueError as error:
            raise CameraError(
                f"{self.path} says {line[:40]!r}, expected lines such as `stall 5 20`, with one of "
                f"{', '.join(get_args(Fault))}: correct it"
            ) from error


class FakeSensor:
    """Gives pictures in any layout, at the wished rate, and what goes wrong with them.

    Args:
        faults: tells the fault of the moment.
        clock: tells and waits.
    """

    dropped = 0

    def __init__(self, *, faults: FaultsNow, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._held = ExitStack()
        self._source: PictureSource | None = None
        self._layout: Layout | None = None
        self._period = 0.0
        self._due = 0.0
        self._shown = 0

    @property
    def name(self) -> str:
        """That it is the fake one."""
        return "fake camera"

    def open(self, wish: Wish, turn: Turn) -> Granted:
        """Start; the mirrors are left to others, as by a USB webcam."""
        if self._faults() == "absent":
            raise CameraError(
                "the fake camera is not there, expected it plugged in: its faults say so"
            )
        if wish.path is not None:
            try:
                self._source = self._held.enter_context(open_source(wish.path))
                lock = Lock(wish.path, subject=f"the {self.name}", create=False)
                self._held.enter_context(lock)
            except InputError as error:
                raise CameraError(f"the fake camera has no pictures: {error}") from error
        format_ = cast(Format, wish.fake_format)
        stride = row_bytes(format_, wish.width) + wish.fake_padding_bytes
        self._layout = Layout(format_, wish.width, wish.height, stride)
        self._period = 1 / (wish.frames_per_second or _FRAMES_PER_SECOND)
        self._due = self._clock.monotonic()
        self._shown = self.dropped = 0
        return Granted(self._layout)

    def read(self, timeout: float) -> NDArray[np.uint8]:
        """The newest picture; with a fault, what a faulty camera gives."""
        assert self._layout is not None  # noqa: S101  SensorCamera reads between open and close
        fault = self._faults()
        if fault == "absent":
            raise CameraError(
                "the fake camera was unplugged, expected it to stay: its faults say so"
            )
        now = self._clock.monotonic()
        if fault == "stall" or self._due > now + timeout:
            self._clock.sleep(timeout)
            raise CameraStalledError(
                f"the fake camera gave no frame for {timeout:.1f} s, expected one every "
                f"{self._period:g} s: its faults, or its rate and camera.timeout_seconds, say so"
            )
        self._clock.sleep(self._due - now)
        late = max(0, int((self._clock.monotonic() - self._due) / self._period))
        self.dropped += late
        self._shown += 1 + late
        self._due += (1 + late) * self._period
        return packed(self._picture(fault == "black"), self._layout)

    def close(self) -> None:
        """Let the pictures go."""
        self._source = None
        self._held.close()

    def _picture(self, black: bool) -> NDArray[np.uint8]:
        assert self._layout is not None  # noqa: S101
        size = (self._layout.width, self._layout.height)
        if black:
            return np.zeros((size[1], size[0], 3), np.uint8)
        if self._source is None:
            return card(*size, number=self._shown - 1)
        names = self._source.names
        name = names[(self._shown - 1) % len(names)]
        pixels = decode(self._source.read(name), name=name)
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def card(width: int, height: int, *, number: int = 0) -> NDArray[np.uint8]:
    """A picture uint8[height, width, 3] that tells its corners apart, with a mark that moves.

    Red at the top left, green at the top right, blue at the bottom left, grey elsewhere.
    """
    pixels = np.full((height, width, 3), 96, np.uint8)
    across, down = width // 2, height // 2
    pixels[:down, :across] = (200, 40, 40)
    pixels[:down, across:] = (40, 200, 40)
    pixels[down:, :across] = (40, 40, 200)
    step = number % max(1, width // 8)
    pixels[down - 4 : down + 4, step * 8 : step * 8 + 8] = 255
    return pixels


def packed(pixels: NDArray[np.uint8], layout: Layout) -> NDArray[np.uint8]:
    """The inverse of `layouts.as_rgb`: a buffer uint8[bytes], its padding filled with rubbish."""
    if layout.format == "MJPEG":
        return np.frombuffer(encode_jpeg(pixels), np.uint8)
    buffer = np.full(layout.bytes, 0xA5, np.uint8)
    rows = buffer.reshape(-1, layout.stride)
    height, width = pixels.shape[:2]
    if layout.format in ("BGR888", "RGB888"):
        ordered = pixels if layout.format == "BGR888" else pixels[:, :, ::-1]
        rows[:, : width * 3] = ordered.reshape(height, -1)
    elif layout.format in ("XBGR8888", "XRGB8888"):
        four = np.full((height, width, 4), 255, np.uint8)
        four[:, :, :3] = pixels if layout.format == "XBGR8888" else pixels[:, :, ::-1]
        rows[:, : width * 4] = four.reshape(height, -1)
    else:
        _pack_luma(rows, pixels, layout)
    return buffer


def _pack_luma(rows: NDArray[np.uint8], pixels: NDArray[np.uint8], layout: Layout) -> None:
    planes = np.asarray(Image.fromarray(pixels).convert("YCbCr"))
    luma, blue, red = (planes[:, :, band] for band in range(3))
    width, height = layout.width, layout.height
    if layout.format == "YUYV":
        rows[:, 0 : width * 2 : 2] = luma
        rows[:, 1 : width * 2 : 4], rows[:, 3 : width * 2 : 4] = blue[:, ::2], red[:, ::2]
        return
    rows[:height, :width] = luma
    if layout.format == "NV12":
        rows[height:, 0:width:2], rows[height:, 1:width:2] = blue[::2, ::2], red[::2, ::2]
        return
    chroma = rows[height:].reshape(2, height // 2, layout.stride // 2)
    chroma[0, :, : width // 2], chroma[1, :, : width // 2] = blue[::2, ::2], red[::2, ::2]
