# SPDX-License-Identifier: Apache-2.0
"""What the Pi adds to the real picamera2 of tests/system/picamera2: a sensor that grants BGR888.

Shaped after picamera2 0.3.38, the calls that device/cameras/picamera.py makes and no others. What
it shows of timing and threads is nothing: for that the real one runs on libcamera's virtual camera.
"""

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras.fake import card, packed
from device.cameras.layouts import Layout, row_bytes

PADDING = 64


@dataclass
class World:
    """What is plugged in, and what the cameras were asked."""

    infos: list[dict[str, Any]] = field(default_factory=lambda: [{"Model": "imx708", "Id": "/i2c"}])
    properties: dict[str, Any] = field(default_factory=lambda: {"ColorFilterArrangement": 2})
    controls: tuple[str, ...] = ("FrameDurationLimits", "AfMode", "LensPosition", "ExposureTime")
    granted: str | None = None
    colour_range: str = "Full"
    busy: bool = False
    stalled: bool = False
    asked: dict[str, Any] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    sequence: int = 100


class Request:
    def __init__(self, world: World, data: NDArray[np.uint8]) -> None:
        self._world = world
        self._data = data
        self.request = SimpleNamespace(sequence=world.sequence)

    def make_buffer(self, stream: str) -> NDArray[np.uint8]:
        assert stream == "main"
        return self._data

    def release(self) -> None:
        self._world.events.append("release")


def camera_class(world: World) -> type:
    class Picamera2:
        sensor_resolution = (4608, 2592)

        def __init__(self, number: int) -> None:
            if world.busy:
                cause = RuntimeError("Failed to acquire camera: Device or resource busy")
                raise RuntimeError("Camera __init__ sequence did not complete.") from cause
            self.camera_properties = world.properties
            self.camera_controls = dict.fromkeys(world.controls)

        @staticmethod
        def global_camera_info() -> list[dict[str, Any]]:
            return world.infos

        def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
            world.asked = asked
            return asked

        def configure(self, configuration: dict[str, Any]) -> None:
            width, height = configuration["main"]["size"]
            format_: Any = world.granted or configuration["main"]["format"]
            stride = row_bytes(format_, width) + PADDING
            self._layout = Layout(format_, width, height, stride)

        def camera_configuration(self) -> dict[str, Any]:
            granted = self._layout
            main = {
                "format": granted.format,
                "size": (granted.width, granted.height),
                "stride": granted.stride,
            }
            range_ = SimpleNamespace(name=world.colour_range)
            return {"main": main, "colour_space": SimpleNamespace(range=range_)}

        def start(self) -> None:
            world.events.append("start")

        def capture_request(self, *, wait: float) -> Request:
            world.waits.append(wait)
            if world.stalled:
                raise TimeoutError
            world.sequence += 3
            return Request(
                world, packed(card(self._layout.width, self._layout.height), self._layout)
            )

        def cancel_all_and_flush(self) -> None:
            world.events.append("cancel")

        def close(self) -> None:
            world.events.append("close")

    return Picamera2


def install(world: World, patch: pytest.MonkeyPatch) -> None:
    """Make `import picamera2` and `import libcamera` find this world."""
    picamera2, libcamera = ModuleType("picamera2"), ModuleType("libcamera")
    picamera2.Picamera2 = camera_class(world)  # type: ignore[attr-defined]
    libcamera.Transform = SimpleNamespace  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "picamera2", picamera2)
    patch.setitem(sys.modules, "libcamera", libcamera)
