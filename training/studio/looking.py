# SPDX-License-Identifier: Apache-2.0
"""One picture through a bundle as the device would take it, and whether it was trained on."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from device.classifier import Classifier
from device.detector import Detector
from device.imaging import size_of
from device.overlay.theme import PLAIN
from device.pictures import decode
from device.records import UNSURE, Face, Perception
from training.prepared import Prepared, Row

AROUND: Final = "#e2e8e6"
SPLITS: Final = {
    "train": "This picture was trained on: the model has seen its label, so that a right answer "
    "proves nothing.",
    "select": "Held out: the model was not trained on this picture. It helped to choose the best "
    "epoch, and the threshold of unsure was fitted on it.",
    "calibrate": "Held out: the model was not trained on this picture. The threshold of unsure was "
    "fitted on it.",
    "excluded": "This picture was left out of training, since it resembles a test picture.",
    "contradictory": "This picture was left out of training, since its copies have contradictory "
    "labels.",
    "unread": "This picture could not be read and was left out of training.",
    "test": "This picture belongs to a test set.",
    "": "This file is not among the pictures that the model was trained on.",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One face: where it is, the crop that the model was given, and what it said.

    `crop` and `perception` are None for a face that is too small to classify.
    """

    face: Face
    crop: NDArray[np.uint8] | None
    perception: Perception | None


@dataclass(frozen=True, slots=True)
class Look:
    """One picture, uint8[height, width, 3], and its faces, largest first."""

    pixels: NDArray[np.uint8]
    faces: tuple[Seen, ...]


class Eyes:
    """The device's detector and a bundle's classifier, for one visitor at a time.

    Args:
        detector: finds the faces.
        classifier: the bundle under test.
    """

    def __init__(self, detector: Detector, *, classifier: Classifier) -> None:
        self.detector, self.classifier = detector, classifier
        self._lock = threading.Lock()

    def look(self, data: bytes, *, name: str) -> Look:
        """What `passerby classify` would make of an encoded picture.

        Raises:
            InputError: it is no picture that can be read, or too large.
        """
        pixels = decode(data, name=name)
        with self._lock:  # two threads must not share an interpreter
            return Look(pixels, tuple(self._seen(pixels, f) for f in self._find(pixels)))

    def _find(self, pixels: NDArray[np.uint8]) -> tuple[Face, ...]:
        return self.detector.find_in_still(pixels)

    def _seen(self, pixels: NDArray[np.uint8], face: Face) -> Seen:
        if min(face.box.width, face.box.height) < self.classifier.min_face_pixels:
            return Seen(face, None, None)
        crop = self.classifier.crop(pixels, face)
        return Seen(face, crop.pixels, self.classifier.perceive(crop))


def drawn(look: Look, *, side: int = 480) -> Image.Image:
    """The picture within a square of `side` px, each face in a box of its answer's colour."""
    width, height = size_of(look.pixels)
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.fromarray(look.pixels).resize(size)
    pen = ImageDraw.Draw(picture)
    for seen in reversed(look.faces):
        box = seen.face.box
        left, top = box.x * scale, box.y * scale
        area = (left, top, left + box.width * scale, top + box.height * scale)
        label = UNSURE if seen.perception is None else seen.perception.label
        pen.rectangle(area, outline=PLAIN.ink, width=6)
        pen.rectangle(area, outline=PLAIN.colour(label), width=4)
    square = Image.new("RGB", (side, side), AROUND)
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square


def row_of(prepared: Prepared, data: bytes) -> Row | None:
    """The prepared picture with the same bytes, whatever its name is now."""
    digest = hashlib.sha256(data).hexdigest()
    return next((row for row in prepared.rows if row.sha256 == digest), None)


def standing(row: Row | None) -> str:
    """What a picture was to the training, in words."""
    return SPLITS[row.split if row is not None else ""]


def trained_on(prepared: Prepared, digests: Sequence[str]) -> int:
    """How many of these pictures (SHA-256) the run has seen in training or fitting."""
    known = {row.sha256 for row in prepared.rows if row.split in ("train", "select", "calibrate")}
    return sum(digest in known for digest in digests)


def in_words(seen: Seen, *, min_confidence: float, min_face_pixels: int) -> tuple[str, str]:
    """What was answered about one face, and what that means."""
    if seen.perception is None:
        return (
            "too small",
            f"The face is less than {min_face_pixels} px wide or high; the device does not judge "
            "such faces.",
        )
    perception = seen.perception
    if perception.label == UNSURE:
        likelier = "female" if perception.female >= 0.5 else "male"
        return (
            "unsure",
            f"Rather {likelier} at {perception.confidence:.1%}, but below {min_confidence:.1%} it "
            "gives no answer and counts the person as unsure.",
        )
    return (
        f"perceived {perception.label}",
        f"Confidence {perception.confidence:.1%}; from {min_confidence:.1%} on it answers.",
    )
