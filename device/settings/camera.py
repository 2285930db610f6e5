# SPDX-License-Identifier: Apache-2.0
"""The [camera] section of the settings, with what the fake does and how a lost camera is got back.

What rules the getting back has its defaults in `device/outage.py`, beside the code that they tune.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from device.cameras.wish import Wish
from device.outage import RecoveryRules

_RECOVERY = RecoveryRules()


@dataclass(frozen=True, slots=True)
class FakeSettings:
    """The camera of software (source "fake"), for tests and for trying Passerby out."""

    format: Annotated[
        Literal["BGR888", "RGB888", "XBGR8888", "XRGB8888", "NV12", "YUV420", "YUYV", "MJPEG"],
        Meta(description="How it lays pixels out; libcamera's names, BGR888 is R, G, B in memory."),
    ] = "BGR888"
    padding_bytes: Annotated[
        int, Meta(description="Rubbish at the end of each row, an even number.", ge=0, le=4096)
    ] = 0
    faults_path: Annotated[
        Path | None,
        Meta(
            description="A file of lines such as `stall 5 20` (seconds after it was last written): "
            "absent, stall or black."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """How a lost camera is got back, where something restarts the daemon (systemd)."""

    attempts: Annotated[
        int,
        Meta(
            description="Restarts that a lost camera may cost; then the daemon stays and says so.",
            ge=1,
            le=100,
        ),
    ] = _RECOVERY.attempts
    first_delay_seconds: Annotated[
        float,
        Meta(description="Wait before the first new attempt; it doubles each time.", ge=0, le=3600),
    ] = _RECOVERY.first_delay_seconds
    longest_delay_seconds: Annotated[
        float, Meta(description="The wait doubles up to this.", ge=0, le=3600)
    ] = _RECOVERY.longest_delay_seconds
    probe_seconds: Annotated[
        float,
        Meta(description="Time between two looks for a camera given up on.", ge=0.5, le=3600),
    ] = _RECOVERY.probe_seconds
    settled_seconds: Annotated[
        float,
        Meta(
            description="A camera that works for so long is well again: attempts count from 0.",
            ge=0,
            le=3600,
        ),
    ] = _RECOVERY.settled_seconds

    def rules(self) -> RecoveryRules:
        """The same values as the state machine takes them."""
        return RecoveryRules(**asdict(self))


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Where frames come from; `passerby cameras` lists what there is."""

    source: Annotated[
        Literal["replay", "picamera", "v4l2", "fake"],
        Meta(
            description="The Pi's own (picamera), a webcam (v4l2), recorded pictures (replay), or "
            "one of software (fake)."
        ),
    ] = "replay"
    path: Annotated[
        Path | None,
        Meta(
            description="Replay: a folder, ZIP of JPEG or PNG, or scene; v4l2: the device, else "
            "the first; fake: pictures to show."
        ),
    ] = None
    number: Annotated[
        int, Meta(description="For picamera, which of several cameras.", ge=0, le=15)
    ] = 0
    width: Annotated[
        int,
        Meta(description="Width of the picture in pixels, before it is turned.", ge=64, le=4096),
    ] = 640
    height: Annotated[
        int,
        Meta(description="Height of the picture in pixels, before it is turned.", ge=64, le=4096),
    ] = 480
    rotation_degrees: Annotated[
        Literal[0, 90, 180, 270],
        Meta(description="Turn the picture clockwise, after the flips; not for replay."),
    ] = 0
    flip_horizontal: Annotated[
        bool, Meta(description="Exchange left and right; not for replay.")
    ] = False
    flip_vertical: Annotated[bool, Meta(description="Exchange top and bottom; not for replay.")] = (
        False
    )
    autofocus: Annotated[
        Literal["camera", "off", "continuous"],
        Meta(description="camera leaves it as it is; no effect where the lens does not move."),
    ] = "camera"
    lens_dioptres: Annotated[
        float,
        Meta(description="With autofocus off: 1 / distance in metres; 0 is far.", ge=0, le=100),
    ] = 0.0
    exposure_milliseconds: Annotated[
        float, Meta(description="Exposure time; 0 is automatic.", ge=0, le=10000)
    ] = 0.0
    gain: Annotated[float, Meta(description="Sensor gain; 0 is automatic.", ge=0, le=1000)] = 0.0
    exposure_stops: Annotated[
        float,
        Meta(description="Brighter or darker than the automatic exposure has it.", ge=-8, le=8),
    ] = 0.0
    frames_per_second: Annotated[
        float,
        Meta(description="Frames asked for each second; 0 is the source's own rate.", ge=0, le=240),
    ] = 0.0
    loop: Annotated[bool, Meta(description="Replay from the start again after the end.")] = False
    fast: Annotated[
        bool,
        Meta(description="Replay every frame without waiting; stamps advance at the nominal rate."),
    ] = False
    timeout_seconds: Annotated[
        float,
        Meta(description="So long after a frame the next one must have come.", ge=0.1, le=60),
    ] = 2.5
    black_seconds: Annotated[
        float,
        Meta(
            description="A live camera whose every frame is black for so long has failed; 0 is "
            "never.",
            ge=0,
            le=86400,
        ),
    ] = 2.5
    fake: FakeSettings = field(default_factory=FakeSettings)
    recovery: RecoverySettings = field(default_factory=RecoverySettings)

    def wish(self) -> Wish:
        """The same values as a camera takes them."""
        return Wish(
            path=self.path,
            number=self.number,
            width=self.width,
            height=self.height,
            frames_per_second=self.frames_per_second,
            rotation_degrees=self.rotation_degrees,
            flip_horizontal=self.flip_horizontal,
            flip_vertical=self.flip_vertical,
            autofocus=self.autofocus,
            lens_dioptres=self.lens_dioptres,
            exposure_milliseconds=self.exposure_milliseconds,
            gain=self.gain,
            exposure_stops=self.exposure_stops,
            black_seconds=self.black_seconds,
            loop=self.loop,
            fast=self.fast,
            fake_format=self.fake.format,
            fake_padding_bytes=self.fake.padding_bytes,
            fake_faults_path=self.fake.faults_path,
        )

    def __post_init__(self) -> None:
        """Refuse what no layout can hold, and what would take black frames for a cure."""
        if self.width % 2 or self.height % 2:
            raise ValueError(
                f"width and height are {self.width} and {self.height}, expected even numbers"
            )
        if self.recovery.settled_seconds <= self.black_seconds:
            raise ValueError(
                f"recovery.settled_seconds is {self.recovery.settled_seconds}, expected more than "
                f"black_seconds ({self.black_seconds})"
            )
        if self.fake.padding_bytes % 2:
            raise ValueError(
                f"fake.padding_bytes is {self.fake.padding_bytes}, expected an even number"
            )
