# SPDX-License-Identifier: Apache-2.0
"""What a screen says while there is no picture to show: short, and in one place."""

STARTING = "starting"
MODELS = "loading the models"
CAMERA = "waiting for the camera"
PAUSED = "paused: nobody is looked at"


def camera_lost(reason: str) -> str:
    """What is said while the camera is away, with the `reason` in words a person can act on."""
    return f"{CAMERA}: {reason}"
