# SPDX-License-Identifier: Apache-2.0
"""What a scene file says, as frozen records, and what counts as a true visit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from device.errors import InputError
from device.records import Box

FORMAT = 1
SCENE_FILE = "scene.json"

Label = Literal["female", "male"]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in a scene: the label is the data set's, `picture` the file it came from."""

    identity: int
    label: Label
    picture: str


@dataclass(frozen=True, slots=True)
class TrueFace:
    """One face in one frame; `visible` is the share (0 to 1) neither covered nor out of frame."""

    identity: int
    box: Box
    visible: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everybody who passes, and the faces of each frame in the order of time."""

    people: tuple[Person, ...]
    faces: tuple[tuple[TrueFace, ...], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """The content of scene.json."""

    format: int
    name: str
    width: int
    height: int
    frames_per_second: float
    seed: int
    attribution: str
    licence: str
    frames: tuple[str, ...]
    truth: Truth


@dataclass(frozen=True, slots=True)
class VisitRule:
    """A person makes a true visit by showing the face long and clearly enough to be seen.

    The face must be at least `min_face_pixels` wide and `min_visible` (0 to 1) of it must be
    inside the frame and uncovered, for at least `min_seconds` in all, gaps not counted.
    """

    min_face_pixels: float = 75.0
    min_visible: float = 0.7
    min_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """One person who passed clearly visible, from the first to the last such frame."""

    person: Person
    first_frame: int
    last_frame: int
    clear_frames: int


def true_visits(scene: Scene, rule: VisitRule | None = None) -> tuple[TrueVisit, ...]:
    """The visits that a perfect counter would report, in the order of people."""
    rule = rule or VisitRule()
    needed = rule.min_seconds * scene.frames_per_second
    visits = []
    for person in scene.truth.people:
        clear = list(_clear_frames(scene.truth, person.identity, rule))
        if clear and len(clear) >= needed:
            visits.append(TrueVisit(person, clear[0], clear[-1], len(clear)))
    return tuple(visits)


def _clear_frames(truth: Truth, identity: int, rule: VisitRule) -> Iterator[int]:
    for frame, faces in enumerate(truth.faces):
        for face in faces:
            large = face.box.width >= rule.min_face_pixels
            if face.identity == identity and large and face.visible >= rule.min_visible:
                yield frame


def encode(scene: Scene) -> bytes:
    """The bytes of scene.json."""
    return msgspec.json.encode(scene) + b"\n"


def decode(data: bytes | str, *, name: str) -> Scene:
    """Read scene.json.

    Raises:
        InputError: it is no scene, or of a format this version does not know.
    """
    try:
        scene = msgspec.json.decode(data, type=Scene)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name}: {error}, expected a scene written by `training scenes`"
        ) from None
    if scene.format != FORMAT:
        raise InputError(
            f"{name}: scene format {scene.format}, expected {FORMAT}; generate the scene again"
        )
    if len(scene.frames) != len(scene.truth.faces):
        raise InputError(
            f"{name}: {len(scene.frames)} frames but truth for {len(scene.truth.faces)}; "
            "generate the scene again"
        )
    return scene
