# SPDX-License-Identifier: Apache-2.0
"""USB webcams and other V4L2 devices through linuxpy, and this is the only door to it."""

import errno
import logging
import select
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.cameras import webcams
from device.cameras.finding import Found
from device.cameras.layouts import Layout
from device.cameras.sensor import Granted, SensorCamera
from device.cameras.turning import Turn
from device.cameras.wish import Wish
from device.errors import BusyError, CameraError, CameraStalledError
from device.locks import Lock
from device.protocols import Clock

log = logging.getLogger(__name__)

_DEVICES = Path("/dev")
# At 30 frames a second these last for 0.2 s: who reads more often never waits for a fresh one.
_BUFFERS = 6
# V4L2_BUF_FLAG_ERROR: a part of the frame was lost on its way.
_DAMAGED = 0x40
# What a driver answers when the plug was pulled.
_GONE = (errno.ENODEV, errno.EIO, errno.EBADF, errno.ENXIO)


def make(wish: Wish, *, clock: Clock) -> SensorCamera:
    """The camera that `wish` describes, not opened yet."""
    return SensorCamera(V4l2Sensor(wish.path), wish=wish, clock=clock)


def find() -> list[Found]:
    """Every webcam that gives a format that is understood here.

    Raises:
        CameraError: there is none, or linuxpy is missing.
    """
    nodes = webcams.nodes(_DEVICES)
    if not nodes:
        raise CameraError(
            "there is no /dev/video*, expected one for each webcam: plug it in, and see `dmesg` "
            "for what the kernel says"
        )
    return webcams.among(nodes, _load())


class V4l2Sensor:
    """One device node.

    Args:
        path: the node; None is the first that can be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._held = ExitStack()
        self._source: Any = None
        self._device: Any = None
        self._last: int | None = None
        self.dropped = 0

    @property
    def name(self) -> str:
        """Which node it is."""
        return f"webcam {self._path or '(the first there is)'}"

    def open(self, wish: Wish, turn: Turn) -> Granted:
        """Take the node, ask for the size and rate, and start; mirrors are left to others."""
        video = _load()
        path = self._path or Path(str(find()[0].settings["path"]))
        if not path.exists():
            raise CameraError(
                f"{path} is not there, expected a webcam: plug it in, or see `passerby cameras`"
            )
        try:
            self._held.enter_context(Lock(path, subject=f"the {self.name}", create=False))
            self._device = self._held.enter_context(video.Device(path))
            if not webcams.captures(self._device.info, video):
                raise CameraError(
                    f"{path} cannot capture, expected a webcam: see `passerby cameras`"
                )
            capture = video.VideoCapture(self._device, _BUFFERS, video.MemoryMap)
            layout = self._agree(capture, wish, webcams.formats(self._device.info, video))
            self._set_controls(wish)
            self._held.enter_context(capture)
        except (CameraError, BusyError):
            raise
        except OSError as error:
            raise self._explained(error) from error
        except (ValueError, video.V4L2Error) as error:
            raise CameraError(
                f"the {self.name} answers oddly ({error}), expected a webcam: see `passerby "
                "cameras`, or use another one"
            ) from error
        self._source, self._last, self.dropped = capture.buffer, None, 0
        return Granted(layout)

    def read(self, timeout: float) -> NDArray[np.uint8]:
        """The newest frame, waited for if there is none, or none but from before a pause.

        While a buffer is empty the driver fills it, so that the newest is as new as can be. When
        all are full it drops what comes, and they may be of any age.
        """
        newest, found = None, 0
        while found < _BUFFERS and self._ready(0):
            newest, found = self._grab(), found + 1
        if newest is None or found == _BUFFERS:
            if not self._ready(timeout):
                raise CameraStalledError(
                    f"the {self.name} gave no frame for {timeout:.1f} s, expected one in time: "
                    "check its cable, or raise camera.timeout_seconds"
                )
            newest = self._grab()
        data, sequence = newest
        if self._last is not None:
            self.dropped += max(0, sequence - self._last - 1)
        self._last = sequence
        return np.frombuffer(data, np.uint8)

    def close(self) -> None:
        """Stop and let the node go."""
        self._source = None
        try:
            self._held.close()
        except OSError as error:
            log.warning("%s did not close cleanly: %s", self.name, error)

    def _ready(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._device.fileno(), select.POLLIN)
        return bool(poll.poll(timeout * 1e3))

    def _grab(self) -> tuple[bytes, int]:
        """A copy of the oldest frame that is ready, and its number; empty if it was damaged."""
        try:
            data, buffer = self._source.raw_grab()
        except OSError as error:
            raise self._explained(error) from error
        return b"" if buffer.flags & _DAMAGED else bytes(data), int(buffer.sequence)

    def _agree(self, capture: Any, wish: Wish, formats: list[Any]) -> Layout:
        """Ask for size, format and rate; the driver's word on them counts."""
        offered = {fmt.pixel_format.human_str() for fmt in formats}
        chosen = next((name for name in webcams.FORMATS if name in offered), "")
        if chosen:
            capture.set_format(wish.width, wish.height, chosen)
        if chosen and wish.frames_per_second:
            try:
                capture.set_fps(wish.frames_per_second)
            except OSError as error:
                log.warning("%s keeps its own rate: %s", self.name, error)
        got = capture.get_format()
        format_ = webcams.FORMATS.get(got.pixel_format.human_str())
        if format_ is None:
            raise CameraError(
                f"the {self.name} gives {got.pixel_format.human_str()}, expected MJPG or YUYV: use "
                "another camera"
            )
        # What V4L2 says of luma without further word is limited range; JPEG's is full.
        return Layout(
            format_, got.width, got.height, got.bytes_per_line or got.width * 2,
            full_range=format_ == "MJPEG",
        )  # fmt: skip

    def _set_controls(self, wish: Wish) -> None:
        wanted: dict[str, int] = {}
        if wish.autofocus != "camera":
            wanted["focus_automatic_continuous"] = int(wish.autofocus == "continuous")
        if wish.exposure_milliseconds:
            wanted["auto_exposure"] = 1  # manual
            wanted["exposure_time_absolute"] = round(wish.exposure_milliseconds * 10)
        if wish.gain:
            wanted["gain"] = round(wish.gain)
        # Webcams count neither in units that all of them share.
        unknown = {"lens_dioptres": wish.lens_dioptres, "exposure_stops": wish.exposure_stops}
        for name in (name for name, value in unknown.items() if value):
            log.warning("%s has no %s: that setting has no effect", self.name, name)
        for name, value in wanted.items():
            try:
                getattr(self._device.controls, name).value = value
            except (AttributeError, KeyError, ValueError, OSError, RuntimeWarning) as error:
                log.warning("%s has no %s (%s): that setting has no effect", self.name, name, error)

    def _explained(self, error: OSError) -> Exception:
        if error.errno == errno.EBUSY:
            return BusyError(
                f"the {self.name} is held by another process, expected to hold it alone: stop that "
                "one first"
            )
        if error.errno in _GONE:
            return CameraError(
                f"the {self.name} was unplugged or has failed ({error.strerror}), expected it to "
                "stay: check its plug and its power"
            )
        return CameraError(
            f"the {self.name} cannot be used ({error}), expected a webcam that lets you in: is its "
            "user in group video?"
        )


def _load() -> Any:
    """The module of linuxpy for video.

    Raises:
        CameraError: it is not installed.
    """
    logging.getLogger("linuxpy").setLevel(logging.WARNING)
    try:
        from linuxpy.video import device  # noqa: PLC0415  only where a webcam is used
    except ImportError as error:
        raise CameraError(
            f"linuxpy cannot be used here ({error}), expected it for webcams: `sudo "
            "scripts/install --webcam` gives it to the service, `pip install 'linuxpy==0.25.0'` "
            "to a checkout"
        ) from error
    return device
