# SPDX-License-Identifier: Apache-2.0
"""The messages between stages: small, frozen, slotted. This file imports no sibling.

Coordinates are pixels of the frame, origin at the top left, x to the right, y down. Times are
seconds: `monotonic` from the boot of the machine, `wall` since the Unix epoch.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

# uint8[height, width, 3] in R, G, B order, or a Pillow image in mode RGB.
Picture: TypeAlias = "NDArray[np.uint8] | Image"

PerceivedGender = Literal["female", "male", "unsure"]
FEMALE: PerceivedGender = "female"
MALE: PerceivedGender = "male"
UNSURE: PerceivedGender = "unsure"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened. A Pi has no clock at boot, so wall time alone proves nothing."""

    boot_id: str
    monotonic: float
    wall: float
    clock_synchronised: bool


@dataclass(frozen=True, slots=True, init=False)
class Frame:
    """One picture of the camera: an array or a Pillow image, whichever the camera had."""

    number: int
    taken_at: Stamp
    picture: Picture

    def __init__(self, number: int, taken_at: Stamp, pixels: Picture) -> None:
        for name, value in (("number", number), ("taken_at", taken_at), ("picture", pixels)):
            object.__setattr__(self, name, value)

    @property
    def pixels(self) -> "NDArray[np.uint8]":
        """The picture as uint8[height, width, 3] in R, G, B order.

        A Pillow image is copied, which takes a third of the time that decoding it took: the
        pipeline does without, and only stills and screens ask for this.
        """
        import numpy as np  # noqa: PLC0415  this module is loaded where numpy is not

        return np.asarray(self.picture, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels; it may reach beyond the frame."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    def iou(self, other: "Box") -> float:
        """Intersection over union with `other`, 0 to 1."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.area + other.area - shared)

    def clipped(self, width: int, height: int) -> "Box":
        """The part inside a frame of `width` x `height` pixels (possibly empty)."""
        left, top = max(0.0, self.x), max(0.0, self.y)
        right = min(float(width), self.x + self.width)
        bottom = min(float(height), self.y + self.height)
        return Box(left, top, max(0.0, right - left), max(0.0, bottom - top))


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face: keypoints are right eye, left eye, nose, mouth, right ear, left ear.

    Right and left are the person's own, so the right eye of a frontal face has the smaller x.
    """

    box: Box
    keypoints: tuple[tuple[float, float], ...]
    score: float


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """An aligned face.

    Attributes:
        around: uint8[s, s, 3] (RGB) or uint8[s, s, 1] (grey): the crop and `margin` more on every
            side, which only a second look sees.
        margin: in pixels.
    """

    around: "NDArray[np.uint8]"
    margin: int = 0

    @property
    def pixels(self) -> "NDArray[np.uint8]":
        """The crop itself, uint8[size, size, 3 or 1]."""
        end = len(self.around) - self.margin
        return self.around[self.margin : end, self.margin : end]


@dataclass(frozen=True, slots=True)
class Perception:
    """What the classifier says of one crop; `confidence` is the larger probability, calibrated."""

    female: float
    male: float
    label: PerceivedGender

    @property
    def confidence(self) -> float:
        """The larger of the two probabilities."""
        return max(self.female, self.male)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face in one frame, followed: `steady` is the label of its track so far.

    `perception` is None when the face was too small to classify.
    """

    track: int
    face: Face
    perception: Perception | None
    steady: PerceivedGender
    steady_confidence: float


@dataclass(frozen=True, slots=True)
class Visit:
    """One person passing, from first to last sighting. `confidence` is of the vote over the track.

    `female_weight` and `male_weight` are the summed votes. Race and age exist nowhere here.
    """

    identity: str
    started: Stamp
    ended: Stamp
    perceived_gender: PerceivedGender
    confidence: float
    sightings: int
    female_weight: float
    male_weight: float


@dataclass(frozen=True, slots=True)
class Observation:
    """All that came of one frame. `timings` are milliseconds by stage; no pixel is in here."""

    frame: int
    taken_at: Stamp
    width: int
    height: int
    sightings: tuple[Sighting, ...]
    ended: tuple[Visit, ...]
    timings: dict[str, float] = field(default_factory=dict)
    bundles: dict[str, str] = field(default_factory=dict)


def as_json(stamp: Stamp) -> dict[str, Any]:
    """The stamp as a plain dictionary, the same in the journal, the store and over the socket."""
    return {
        "boot_id": stamp.boot_id,
        "monotonic": round(stamp.monotonic, 3),
        "wall": round(stamp.wall, 3),
        "clock_synchronised": stamp.clock_synchronised,
    }
