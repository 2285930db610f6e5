# SPDX-License-Identifier: Apache-2.0
"""What is asked of a camera, in plain values: each camera takes from it what it can do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Autofocus = Literal["camera", "off", "continuous"]


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish for all cameras; a camera says in the log what of it has no effect.

    Attributes:
        path: recording of replay, device node of v4l2, pictures of fake; None: the first, or own.
        number: which of several libcamera cameras.
        width: of the picture in pixels, before it is turned.
        height: of the picture in pixels, before it is turned.
        frames_per_second: 0 is the camera's own rate.
        rotation_degrees: clockwise, after the flips: 0, 90, 180 or 270.
        flip_horizontal: exchange left and right.
        flip_vertical: exchange top and bottom.
        autofocus: "camera" leaves it as the camera has it.
        lens_dioptres: where the lens stands with autofocus off, 1 / distance in metres.
        exposure_milliseconds: 0 is automatic.
        gain: analogue gain; 0 is automatic.
        exposure_stops: brighter or darker than the automatic finds right.
        black_seconds: so long may every frame be black; 0 is for ever.
        loop: replay again and again.
        fast: replay without waiting.
        fake_format: how the fake lays its pixels out.
        fake_padding_bytes: at the end of each of its rows.
        fake_faults_path: the file that tells the fake what goes wrong when.
    """

    path: Path | None = None
    number: int = 0
    width: int = 640
    height: int = 480
    frames_per_second: float = 0.0
    rotation_degrees: int = 0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    autofocus: Autofocus = "camera"
    lens_dioptres: float = 0.0
    exposure_milliseconds: float = 0.0
    gain: float = 0.0
    exposure_stops: float = 0.0
    black_seconds: float = 0.0
    loop: bool = False
    fast: bool = False
    fake_format: str = "BGR888"
    fake_padding_bytes: int = 0
    fake_faults_path: Path | None = None
