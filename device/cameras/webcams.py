# SPDX-License-Identifier: Apache-2.0
"""Which of the nodes /dev/video* are webcams; most on a Pi are not, webcam or none.

A Pi 4 has some ten nodes of its picture processor (bcm2835-isp) and codec, a Pi 5 some thirty of
pispbe, rp1-cfe and the HEVC decoder. Some of them offer YUYV, and none gives a picture by itself.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from device.cameras.finding import Found
from device.cameras.layouts import Format
from device.errors import CameraError

log = logging.getLogger(__name__)

# MJPEG comes first: USB 2 has no room for 30 whole frames a second. Each with its V4L2 name.
FORMATS: dict[str, Format] = {"MJPG": "MJPEG", "JPEG": "MJPEG", "YUYV": "YUYV"}
# Parts of the chip sit on this bus, and these two, which are cameras made of software.
_PLATFORM = "platform:"
_OF_SOFTWARE = ("vivid", "v4l2 loopback")


def nodes(folder: Path) -> list[Path]:
    """Every video node of `folder`, in the order of their numbers."""

    def number(path: Path) -> int:
        return int(path.name.removeprefix("video"))

    return sorted((p for p in folder.glob("video*") if p.name[5:].isdigit()), key=number)


def among(paths: Sequence[Path], video: Any) -> list[Found]:
    """The nodes that are webcams; `video` is linuxpy's module.

    Raises:
        CameraError: none is.
    """
    found = [webcam for webcam in (_looked_at(path, video) for path in paths) if webcam]
    if not found:
        raise CameraError(
            f"none of {len(paths)} video nodes ({paths[0]} to {paths[-1].name}) is a webcam that "
            "gives MJPEG or YUYV, expected one: plug it in; the Pi's own camera is used through "
            "picamera"
        )
    return found


def captures(info: Any, video: Any) -> bool:
    """Whether a device gives whole frames in memory that is shared with it."""
    needed = video.Capability.VIDEO_CAPTURE | video.Capability.STREAMING
    return needed in info.device_capabilities


def formats(info: Any, video: Any) -> list[Any]:
    """What a device captures.

    Not `info.formats`: linuxpy 0.25.0 walks all kinds of buffers there, and breaks at those of
    several planes.
    """
    return list(info.buffer_formats(video.BufferType.VIDEO_CAPTURE))


def _looked_at(node: Path, video: Any) -> Found | None:
    """The node as a webcam, or None; what is odd about one keeps no other from being found."""
    try:
        with video.Device(node) as device:
            info = device.info
            if not captures(info, video) or _needs_wiring(info, video):
                return None
            known = [fmt for fmt in formats(info, video) if fmt.pixel_format.human_str() in FORMATS]
            told = tuple(_sizes(info, fmt) for fmt in known)
            card = info.card
    except (OSError, ValueError, video.V4L2Error) as error:
        log.warning("%s is passed over: %s", node, error)
        return None
    return Found("v4l2", card, {"source": "v4l2", "path": str(node)}, told) if told else None


def _needs_wiring(info: Any, video: Any) -> bool:
    """Whether it is a part of a chip, which gives nothing before others have been set up."""
    inside = info.bus_info.startswith(_PLATFORM) and info.driver not in _OF_SOFTWARE
    return inside or video.Capability.IO_MC in info.device_capabilities


def _sizes(info: Any, format_: Any) -> str:
    """The format with the discrete sizes that the driver lists for it."""
    sizes = [size.info for size in info.format_frame_sizes(format_.pixel_format)]
    plain = [f"{size.width}x{size.height}" for size in sizes if hasattr(size, "width")]
    return " ".join([format_.pixel_format.human_str(), *dict.fromkeys(plain)])
