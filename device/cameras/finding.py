# SPDX-License-Identifier: Apache-2.0
"""What cameras there are: each kind is asked in turn, and one that cannot answer says why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from device.errors import CameraError

# Kinds that can be looked for; replay and fake are always there.
_KINDS = {"picamera": "device.cameras.picamera", "v4l2": "device.cameras.v4l2"}


@dataclass(frozen=True, slots=True)
class Found:
    """A camera: `settings` are the keys of [camera] that choose it, `formats` what it can give."""

    kind: str
    name: str
    settings: Mapping[str, str | int] = field(default_factory=dict)
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoneFound:
    """Why a kind has no camera here, and what to do about it."""

    kind: str
    reason: str


def find_cameras() -> Iterator[Found | NoneFound]:
    """Every camera of every kind; at least one answer for each kind."""
    for kind, module in _KINDS.items():
        try:
            yield from import_module(module).find()
        except CameraError as error:
            yield NoneFound(kind, str(error))
