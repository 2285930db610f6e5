# SPDX-License-Identifier: Apache-2.0
"""Cameras: one file per source of frames, imported only when chosen."""

from importlib import import_module
from pathlib import Path

from device.errors import CameraError
from device.protocols import Camera, Clock

CAMERAS = {"replay": ("device.cameras.replay", "ReplayCamera")}


def make_camera(
    source: str,
    *,
    path: Path | None,
    frames_per_second: float,
    loop: bool,
    fast: bool,
    clock: Clock,
) -> Camera:
    """The camera of that name, not opened yet.

    Raises:
        CameraError: it needs a path and none is given.
    """
    if path is None:
        raise CameraError(
            f"the camera {source} has no path, expected what it shall show: give --path or set "
            "camera.path"
        )
    module, name = CAMERAS[source]
    camera: Camera = getattr(import_module(module), name)(
        path, frames_per_second=frames_per_second, loop=loop, fast=fast, clock=clock
    )
    return camera
