# SPDX-License-Identifier: Apache-2.0
"""The Raspberry Pi's camera through picamera2, and this is the only door to it.

There is one stream, `main`, from which faces are found and cut. A low-resolution one beside it
would save nothing: on a Pi 4 and older it comes as YUV420, and to make the detector's 128 pixels
out of 320x240 of that took 0.65 ms here, out of the main 640x480 0.36 ms (1280x720: 0.20). Only the
Pi 5's RGB would save 0.1 ms, for more of the scarce contiguous memory.

No wait is without a bound: if picamera2's listener dies, an unbounded capture blocks for ever.
After a time-out the camera is closed and never asked again, since a capture after several of them
was seen to crash the process.
"""

import logging
import os
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from device.cameras.finding import Found
from device.cameras.layouts import FORMATS, Format, Layout
from device.cameras.sensor import Granted, SensorCamera
from device.cameras.turning import Turn
from device.cameras.wish import Wish
from device.errors import BusyError, CameraError, CameraStalledError
from device.protocols import Clock

log = logging.getLogger(__name__)

# R, G, B in memory; picamera2's "RGB888" is B, G, R.
_FORMAT: Format = "BGR888"
# One at work, one held as the newest, two being filled.
_BUFFERS = 4
# libcamera's AfMode.
_AF_MODES = {"off": 0, "continuous": 2}
_LEAST_WAIT_SECONDS = 0.001


def make(wish: Wish, *, clock: Clock) -> SensorCamera:
    """The camera that `wish` describes, not opened yet."""
    return SensorCamera(PicameraSensor(wish.number), wish=wish, clock=clock)


def find() -> list[Found]:
    """Every camera that libcamera knows.

    Raises:
        CameraError: picamera2 cannot be used here, or libcamera knows none.
    """
    cameras = _load().global_camera_info()
    if not cameras:
        raise CameraError(_none_there())
    return [
        Found(
            "picamera", str(camera.get("Model", camera["Id"])), {"source": "picamera", "number": n}
        )
        for n, camera in enumerate(cameras)
    ]


class PicameraSensor:
    """One camera of libcamera.

    Args:
        number: which, in picamera2's order.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._camera: Any = None
        self._first: int | None = None
        self._fetched = 0
        self.dropped = 0

    @property
    def name(self) -> str:
        """Which of libcamera's cameras it is."""
        return f"libcamera camera {self._number}"

    def open(self, wish: Wish, turn: Turn) -> Granted:
        """Configure and start; formats other than asked for are taken as they come."""
        camera_class = _load()
        self._first, self._fetched, self.dropped = None, 0, 0
        known = camera_class.global_camera_info()
        if self._number >= len(known):
            raise CameraError(
                f"there is no {self.name}, only {len(known)}: see `passerby cameras`"
                if known
                else _none_there()
            )
        try:
            self._camera = camera_class(self._number)
            mirrors = "ColorFilterArrangement" in self._camera.camera_properties
            self._camera.configure(self._configuration(wish, turn if mirrors else Turn()))
            granted = Granted(self._layout(), mirrors)
            self._camera.start()
        except CameraError:
            raise
        except (RuntimeError, ValueError, OSError, IndexError) as error:
            raise self._explained(error) from error
        log.info("%s is %s", self.name, known[self._number].get("Model"))
        return granted

    def read(self, timeout: float) -> NDArray[np.uint8]:
        """A copy of the newest buffer of the main stream."""
        try:
            # 0 would not mean "do not wait" but hand out a promise.
            request = self._camera.capture_request(wait=max(timeout, _LEAST_WAIT_SECONDS))
        except TimeoutError as error:
            raise self._stalled(timeout) from error
        except RuntimeError as error:
            raise CameraError(
                f"the {self.name} failed ({error}), expected a frame: check its cable"
            ) from error
        try:
            data: NDArray[np.uint8] = request.make_buffer("main")
            sequence = int(request.request.sequence)
        finally:
            request.release()
        if self._first is None:
            self._first = sequence
        self._fetched += 1
        self.dropped = max(self.dropped, sequence - self._first + 1 - self._fetched)
        return data

    def close(self) -> None:
        """Stop and close."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        try:
            camera.cancel_all_and_flush()
            camera.close()
        except (RuntimeError, OSError) as error:
            log.warning("%s did not close cleanly: %s", self.name, error)

    def _configuration(self, wish: Wish, turn: Turn) -> Any:
        from libcamera import Transform  # noqa: PLC0415  beside picamera2, or not at all

        width, height = self._camera.sensor_resolution
        return self._camera.create_video_configuration(
            main={"size": (wish.width, wish.height), "format": _FORMAT},
            # Without a raw stream less of the scarce contiguous memory is taken. Half the sensor's
            # size is the binned mode that sees its whole field; the one nearest to a small picture
            # would see only the middle of it.
            raw=None,
            sensor={"output_size": (width // 2, height // 2)},
            transform=Transform(hflip=turn.horizontal, vflip=turn.vertical),
            buffer_count=_BUFFERS,
            controls=self._controls(wish),
            display=None,
            encode=None,
        )

    def _controls(self, wish: Wish) -> dict[str, Any]:
        """The controls for what is wished, less those that this camera does not have."""
        wanted: dict[str, Any] = {}
        if wish.frames_per_second:
            microseconds = round(1e6 / wish.frames_per_second)
            wanted["FrameDurationLimits"] = (microseconds, microseconds)
        if wish.autofocus != "camera":
            wanted["AfMode"] = _AF_MODES[wish.autofocus]
        if wish.autofocus == "off":
            wanted["LensPosition"] = wish.lens_dioptres
        if wish.exposure_milliseconds:
            wanted["ExposureTime"] = round(wish.exposure_milliseconds * 1e3)
        if wish.gain:
            wanted["AnalogueGain"] = wish.gain
        if wish.exposure_stops:
            wanted["ExposureValue"] = wish.exposure_stops
        known = self._camera.camera_controls
        for name in wanted.keys() - known.keys():
            log.warning("%s has no %s: that setting has no effect", self.name, name)
        return {name: value for name, value in wanted.items() if name in known}

    def _layout(self) -> Layout:
        """The layout of the main stream as it was granted."""
        configured = self._camera.camera_configuration()
        main = configured["main"]
        if main["format"] not in FORMATS:
            raise CameraError(
                f"the {self.name} gives only {main['format']}, expected one of "
                f"{', '.join(FORMATS)}: use another camera"
            )
        range_ = getattr(configured["colour_space"], "range", None)
        width, height = main["size"]
        return Layout(
            cast(Format, main["format"]),
            width,
            height,
            main["stride"],
            full_range=getattr(range_, "name", "Full") == "Full",
        )

    def _stalled(self, timeout: float) -> CameraStalledError:
        listener = getattr(getattr(self._camera, "_cm", None), "thread", None)
        why = "" if listener is None or listener.is_alive() else " (picamera2's listener has died)"
        return CameraStalledError(
            f"the {self.name} gave no frame for {timeout:.1f} s{why}, expected one in time: check "
            "its cable, or raise camera.timeout_seconds"
        )

    def _explained(self, error: Exception) -> Exception:
        """The error with picamera2's own cause, which it hides behind one sentence for all."""
        words = "; ".join(str(e) for e in (error, error.__cause__, error.__context__) if e)
        if "busy" in words.lower():
            return BusyError(
                f"the {self.name} is held by another process, expected to hold it alone: stop that "
                "one first (libcamera's own tools, another Passerby)"
            )
        return CameraError(
            f"the {self.name} cannot be started ({words}), expected it ready: check its cable and "
            "`passerby cameras`"
        )


def _none_there() -> str:
    return (
        "libcamera knows no camera, expected one: check the ribbon cable at both ends, that "
        "camera_auto_detect=1 stands in /boot/firmware/config.txt, and that you are in group video"
    )


def _load() -> Any:
    """picamera2's class.

    Raises:
        CameraError: it is not installed, or does not fit the numpy beside it.
    """
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "WARN")
    logging.getLogger("picamera2").setLevel(logging.WARNING)
    try:
        from picamera2 import Picamera2  # noqa: PLC0415  only where there is a Pi's camera
    except (ImportError, ValueError, OSError) as error:  # ValueError: "numpy.dtype size changed"
        raise CameraError(
            f"picamera2 cannot be used here ({error}), expected the system's own: apt-get install "
            "python3-picamera2, and make the virtual environment with --system-site-packages"
        ) from error
    return Picamera2
