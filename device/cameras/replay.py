# SPDX-License-Identifier: Apache-2.0
"""Plays recorded pictures as if a camera gave them: a folder, a ZIP, or a scene file.

A scene is a ZIP or folder that holds `scene.json` with at least `frames_per_second` and `frames`,
the names of its pictures in order; without that, pictures play in natural order of their names.
"""

import logging
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import msgspec

from device.errors import CameraEndedError, CameraError, CameraStalledError, InputError
from device.locks import Lock
from device.pictures import PictureSource, decode_image, open_source
from device.protocols import Clock
from device.records import Frame, Stamp

log = logging.getLogger(__name__)

SCENE = "scene.json"
# The rate of pictures that say nothing about their own.
_PLAIN_FRAMES_PER_SECOND = 10.0


class _Scene(msgspec.Struct):
    """The part of scene.json that is played; its truth stays unread."""

    frames_per_second: Annotated[float, msgspec.Meta(gt=0, le=1000)]
    frames: Annotated[list[str], msgspec.Meta(min_length=1)]


class ReplayCamera:
    """A camera made of pictures.

    Frames are numbered by their place in the play, so numbers of passed-over frames are missing.

    Args:
        path: the folder, ZIP or scene; it is locked as a camera would be.
        frames_per_second: the rate of the play; 0 is the scene's own, or 10 where it has none.
        loop: begin again after the end.
        fast: give every frame at once, with stamps that advance at the nominal rate; otherwise keep
            pace with the clock, and drop frames when the consumer does not.
        clock: tells and waits.
    """

    def __init__(
        self, path: Path, *, frames_per_second: float, loop: bool, fast: bool, clock: Clock
    ) -> None:
        self._path = path
        self._rate = frames_per_second
        self._loop = loop
        self._fast = fast
        self._clock = clock
        self._held = ExitStack()
        self._names: tuple[str, ...] = ()
        self._source: PictureSource | None = None
        self._started: Stamp | None = None
        self._position = 0
        self._delivered = 0
        self.skipped = 0
        self.dropped = 0

    @property
    def name(self) -> str:
        """What is played."""
        return f"replay of {self._path}"

    @property
    def frames_per_second(self) -> float:
        """The rate of the play."""
        return self._rate

    def __enter__(self) -> Self:
        """Lock and open the recording.

        Raises:
            CameraError: it is missing, unreadable, holds no picture or no sound scene.
            BusyError: another process plays it.
        """
        with ExitStack() as held:
            try:
                self._source = held.enter_context(open_source(self._path))
                held.enter_context(Lock(self._path, subject=f"the {self.name}", create=False))
            except InputError as error:
                raise CameraError(f"replay cannot play: {error}") from error
            self._names, own_rate = _programme(self._source, self._path)
            self._rate = self._rate or own_rate
            self._held = held.pop_all()
        if self._source.refused:
            log.info("%s: %d files refused, no pictures", self.name, len(self._source.refused))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the recording."""
        self._source = None
        self._held.close()

    def capture(self, timeout: float) -> Frame:
        """The newest frame, or with `fast` the next one.

        Raises:
            CameraStalledError: none is due within `timeout` seconds.
            CameraEndedError: the last frame has been shown, and `loop` is off.
            CameraError: the recording went away, or no picture in it can be read.
        """
        deadline = self._clock.monotonic() + timeout
        for _ in self._names:
            self._expect_more()
            stamp = self._take_turn(deadline)
            number = self._position
            self._position += 1
            frame = self._read(number, stamp)
            if frame is not None:
                self._delivered += 1
                return frame
        raise CameraError(
            f"none of the {len(self._names)} pictures of the {self.name} can be read, expected "
            "JPEG or PNG: check them with `passerby classify`"
        )

    def _expect_more(self) -> None:
        if self._loop or self._position < len(self._names):
            return
        if not self._delivered:
            raise CameraError(
                f"the {self.name} ended without one readable picture, expected JPEG or PNG: check "
                "them with `passerby classify`"
            )
        raise CameraEndedError(f"the {self.name} has shown its last frame")

    def _take_turn(self, deadline: float) -> Stamp:
        """Move to the picture whose turn it is, waiting for it if need be, and tell its time."""
        if self._started is None:
            self._started = self._clock.stamp()
        if self._fast:
            return _later(self._started, self._position / self._rate)
        due = self._started.monotonic + self._position / self._rate
        now = self._clock.monotonic()
        if due > now:
            self._clock.sleep(min(due, deadline) - now)
            if due > deadline:
                raise CameraStalledError(
                    f"the {self.name} had no frame within the timeout, expected one every "
                    f"{1 / self._rate:g} s: raise camera.timeout_seconds or its rate"
                )
        newest = int((self._clock.monotonic() - self._started.monotonic) * self._rate)
        if not self._loop:
            newest = min(newest, len(self._names) - 1)
        if newest > self._position:
            self.dropped += newest - self._position
            self._position = newest
        return self._clock.stamp()

    def _read(self, number: int, stamp: Stamp) -> Frame | None:
        """The picture at a place of the play, or None when it is broken."""
        if self._source is None:
            raise CameraError(f"the {self.name} is closed, expected it open: use it in `with`")
        name = self._names[number % len(self._names)]
        try:
            image = decode_image(self._source.read(name), name=name)
        except InputError as error:
            if not self._path.exists():
                raise CameraError(
                    f"{self._path} has vanished during its replay, expected it to stay: mount or "
                    "copy it again"
                ) from error
            self.skipped += 1
            log.warning("%s skips a picture: %s", self.name, error)
            return None
        return Frame(number, stamp, image)


def _programme(source: PictureSource, path: Path) -> tuple[tuple[str, ...], float]:
    """The names to play in order, and the rate that they ask for."""
    try:
        text = source.read_text(SCENE)
        if text is None:
            return source.names, _PLAIN_FRAMES_PER_SECOND
        scene = msgspec.json.decode(text, type=_Scene)
    except (InputError, msgspec.DecodeError) as error:
        raise CameraError(
            f"{SCENE} in {path} cannot be used ({error}), expected frames_per_second and frames: "
            "make the scene anew"
        ) from error
    return tuple(scene.frames), scene.frames_per_second


def _later(stamp: Stamp, seconds: float) -> Stamp:
    return replace(stamp, monotonic=stamp.monotonic + seconds, wall=stamp.wall + seconds)
