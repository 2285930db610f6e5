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

from device.cameras.finding import Found
from device.cameras.layouts import Format, Layout
from device.cameras.sensor import Granted, SensorCamera
from device.cameras.turning import Turn
from device.cameras.wish import Wish
from device.errors import BusyError, CameraError, CameraStalledError
from device.locks import Lock
from device.protocols import Clock

log = logging.getLogger(__name__)

_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")
# MJPEG comes first: USB 2 has no room for 30 whole frames a second. Each with its V4L2 name.
_FORMATS: dict[str, Format] = {"MJPG": "MJPEG", "JPEG": "MJPEG", "YUYV": "YUYV"}
_BUFFERS = 3
# What a driver answers when the plug was pulled.
_GONE = (errno.ENODEV, errno.EIO, errno.EBADF, errno.ENXIO)


def make(wish: Wish, *, clock: Clock) -> SensorCamera:
    """The camera that `wish` describes, not opened yet."""
    return SensorCamera(V4l2Sensor(wish.path), wish=wish, clock=clock)


def find() -> list[Found]:
    """Every device that can capture a format that is understood here.

    Raises:
        CameraError: there is none, or linuxpy is missing.
    """
    nodes = _nodes()
    if not nodes:
        raise CameraError(
            "there is no /dev/video*, expected one for each webcam: plug it in, and see `dmesg` "
            "for what the kernel says"
        )
    found = [_looked_at(node) for node in nodes]
    usable = [camera for camera in found if camera is not None]
    if not usable:
        raise CameraError(
            f"none of {', '.join(map(str, nodes))} can capture MJPEG or YUYV, expected a webcam; "
            "the Pi's own camera is used through picamera"
        )
    return usable


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
            capture = video.VideoCapture(self._device, size=_BUFFERS)
            layout = self._agree(capture, wish)
            self._set_controls(wish)
            self._held.enter_context(capture)
        except (CameraError, BusyError):
            raise
        except OSError as error:
            raise self._explained(error) from error
        except video.V4L2Error as error:
            raise CameraError(
                f"{path} cannot capture ({error}), expected a webcam: see `passerby cameras`"
            ) from error
        self._source, self._last, self.dropped = capture.buffer, None, 0
        return Granted(layout)

    def read(self, timeout: float) -> NDArray[np.uint8]:
        """The newest of the frames that are ready, waited for if there is none."""
        if not self._ready(timeout):
            raise CameraStalledError(
                f"the {self.name} gave no frame for {timeout:.1f} s, expected one in time: check "
                "its cable, or raise camera.timeout_seconds"
            )
        data, buffer = self._grab()
        for _ in range(_BUFFERS - 1):
            if not self._ready(0):
                break
            data, buffer = self._grab()
        sequence = int(buffer.sequence)
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

    def _grab(self) -> tuple[bytes, Any]:
        try:
            data, buffer = self._source.raw_grab()
        except OSError as error:
            raise self._explained(error) from error
        return bytes(data), buffer

    def _agree(self, capture: Any, wish: Wish) -> Layout:
        """Ask for size, format and rate; the driver's word on them counts."""
        offered = {fmt.pixel_format.human_str() for fmt in capture.formats()}
        chosen = next((name for name in _FORMATS if name in offered), None)
        if chosen is None:
            raise CameraError(
                f"the {self.name} gives only {', '.join(sorted(offered))}, expected MJPG or YUYV: "
                "use another camera"
            )
        capture.set_format(wish.width, wish.height, chosen)
        if wish.frames_per_second:
            try:
                capture.set_fps(wish.frames_per_second)
            except OSError as error:
                log.warning("%s keeps its own rate: %s", self.name, error)
        got = capture.get_format()
        format_ = _FORMATS[chosen]
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
        for name, value in wanted.items():
            try:
                getattr(self._device.controls, name).value = value
            except (AttributeError, KeyError, ValueError, OSError) as error:
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


def _nodes() -> list[Path]:
    def number(path: Path) -> int:
        return int(path.name.removeprefix("video"))

    return sorted((p for p in _DEVICES.glob("video*") if p.name[5:].isdigit()), key=number)


def _looked_at(node: Path) -> Found | None:
    """The node as a camera, or None when it captures nothing that is understood here."""
    video = _load()
    try:
        with video.Device(node) as device:
            formats = device.info.formats
            names = {fmt.pixel_format.human_str() for fmt in formats} & _FORMATS.keys()
            told = [_sizes(device, fmt) for fmt in formats if fmt.pixel_format.human_str() in names]
            card = device.info.card
    except (OSError, video.V4L2Error) as error:
        log.info("%s is passed over: %s", node, error)
        return None
    if not names:
        return None
    return Found("v4l2", card, {"source": "v4l2", "path": str(node)}, tuple(told))


def _sizes(device: Any, format_: Any) -> str:
    """The format with the discrete sizes that the driver lists for it."""
    sizes = [size.info for size in device.info.format_frame_sizes(format_.pixel_format)]
    plain = [f"{size.width}x{size.height}" for size in sizes if hasattr(size, "width")]
    return " ".join([format_.pixel_format.human_str(), *dict.fromkeys(plain)])


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
            f"linuxpy cannot be used here ({error}), expected it for webcams: pip install "
            "'passerby[webcam]'"
        ) from error
    return device
