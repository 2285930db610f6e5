# SPDX-License-Identifier: Apache-2.0
"""Cameras: one file per source of frames, imported only when chosen."""

from importlib import import_module
from types import ModuleType

from device.cameras.wish import Wish
from device.errors import CameraError
from device.protocols import Camera, Clock

__all__ = ["CAMERAS", "Wish", "make_camera"]

# Each of these modules makes its camera from a wish; replay's constructor takes plain values.
CAMERAS = {
    "replay": "device.cameras.replay",
    "picamera": "device.cameras.picamera",
    "v4l2": "device.cameras.v4l2",
    "fake": "device.cameras.fake",
}


def make_camera(source: str, wish: Wish, *, clock: Clock) -> Camera:
    """The camera of that name, not opened yet.

    Raises:
        CameraError: it needs a path and none is given.
    """
    module = import_module(CAMERAS[source])
    if source == "replay":
        return _replay(module, wish, clock)
    camera: Camera = module.make(wish, clock=clock)
    return camera


def _replay(module: ModuleType, wish: Wish, clock: Clock) -> Camera:
    if wish.path is None:
        raise CameraError(
            "the camera replay has no path, expected what it shall show: give --path or set "
            "camera.path"
        )
    camera: Camera = module.ReplayCamera(
        wish.path,
        frames_per_second=wish.frames_per_second,
        loop=wish.loop,
        fast=wish.fast,
        clock=clock,
    )
    return camera
