# SPDX-License-Identifier: Apache-2.0
"""One look through a camera, to know whether it is there and shows something."""

from device.cameras.darkness import is_black
from device.protocols import Camera


def look_once(camera: Camera, *, timeout: float, black_counts: bool) -> None:
    """Return once a frame has come.

    Args:
        camera: not opened yet.
        timeout: how long each frame is waited for.
        black_counts: whether a black frame is one.

    Raises:
        CameraError: there is none.
        BusyError: somebody else holds it.
    """
    with camera:
        while is_black(camera.capture(timeout).pixels) and not black_counts:
            pass
