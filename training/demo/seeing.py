# SPDX-License-Identifier: Apache-2.0
"""Looks at one picture with the device's own pipeline, and draws what was seen. Keeps nothing."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector, first_found
from device.imaging import size_of
from device.overlay.faces import Style, draw_faces
from device.overlay.theme import PLAIN
from device.pictures import Limits, decode_image
from device.pipeline import Pipeline
from device.records import UNSURE, Box, Face, Frame, Observation, Picture, Sighting, Stamp
from device.stills import encode_jpeg
from device.tracker import Tracker

# What a phone's camera gives is decoded at a fraction of its size; other formats have no such way,
# and some need four copies while they are decoded.
JPEG_LIMITS = Limits(max_entry_bytes=16 * 2**20, max_pixels=16_800_000)
OTHER_LIMITS = Limits(max_entry_bytes=16 * 2**20, max_pixels=4_200_000)

_LONGEST_PIXELS = 1600
_SHOWN_PIXELS = 720
_PART = 0.5
_LARGEST_IN_PART = 0.75
_SAME_SHARE = 0.3
_SMALLEST_PARTED = 480
_CALM = Stamp("", 0.0, 0.0, clock_synchronised=False)


@dataclass(frozen=True, slots=True)
class Look:
    """One picture looked at.

    `jpeg` is the annotated picture, `observation` what was seen in it, `milliseconds` what each
    stage took, by name and in order; `model` answered, and is unsure below `min_confidence`.
    """

    jpeg: bytes
    observation: Observation
    milliseconds: dict[str, float]
    model: str
    min_confidence: float

    @property
    def faces(self) -> tuple[Sighting, ...]:
        """The faces, largest first."""
        return self.observation.sightings


class StillDetector(Detector):
    """Looks at a single picture harder than at one frame of many.

    The whole picture first (with margins for close-ups), as the device does with a still. Then
    nine overlapping parts, for faces that are too small in the whole: BlazeFace's input is 128 px
    wide, so that a face of less than a seventh of the picture's width is easily missed.
    """

    def find(self, picture: Picture, *, margin: float = 0.0) -> tuple[Face, ...]:
        """All faces, largest first; with a `margin` of its own, no other one is tried."""
        whole = super().find
        found = list(whole(picture, margin=margin) if margin else first_found(whole, picture))
        for face in sorted(self._in_parts(picture), key=lambda face: -face.score):
            if not any(_same(face.box, known.box) for known in found):
                found.append(face)
        return tuple(sorted(found, key=lambda face: -face.box.area))

    def _in_parts(self, picture: Picture) -> Iterator[Face]:
        """Faces wholly inside one part, and too small for the whole picture to be sure of."""
        width, height = size_of(picture)
        side = round(max(width, height) * _PART)
        if max(width, height) < _SMALLEST_PARTED:
            return
        pixels = np.asarray(picture, dtype=np.uint8)
        for top in _starts(height, side):
            for left in _starts(width, side):
                part = np.ascontiguousarray(pixels[top : top + side, left : left + side])
                for face in super().find(part):
                    moved = _moved(face, left, top)
                    small = face.box.width < _LARGEST_IN_PART * side
                    if small and _is_whole(moved.box, (left, top, side), (width, height)):
                        yield moved


class Looker:
    """Holds the models, and looks at one picture at a time, whichever thread asks.

    Args:
        models: a folder of bundles.
        detector: the name of the detector's bundle in it.
        classifiers: the names of the classifiers' bundles to choose from, the usual one first.
    """

    def __init__(self, models: Path, *, detector: str, classifiers: tuple[str, ...]) -> None:
        """Load the models.

        Raises:
            BundleError: a bundle is missing or damaged.
            RuntimeMissingError: no TFLite runtime can be loaded.
        """
        self._detector = StillDetector(open_bundle(models / detector))
        self._classifiers: Mapping[str, Classifier] = {
            name: Classifier(open_bundle(models / name)) for name in classifiers
        }
        self._one_at_a_time = threading.Lock()

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the classifiers, the usual one first."""
        return tuple(self._classifiers)

    def card(self, model: str) -> str:
        """The card of a classifier, in Markdown."""
        return (self._classifiers[model].bundle.path / "CARD.md").read_text(encoding="utf-8")

    def look(self, data: bytes, *, model: str, name: str = "this file") -> Look:
        """Find the faces of an encoded picture and estimate the perceived gender of each.

        Raises:
            InputError: it is no picture, damaged, too large or too small.
        """
        limits = JPEG_LIMITS if data.startswith(b"\xff\xd8") else OTHER_LIMITS
        with self._one_at_a_time:
            begun = perf_counter()
            image = decode_image(data, name=name, limits=limits, enough=_LONGEST_PIXELS)
            image.thumbnail((_LONGEST_PIXELS, _LONGEST_PIXELS), Image.Resampling.BOX)
            decoded = perf_counter()
            classifier = self._classifiers[model]
            # A tracker of its own: nobody is followed from one picture to the next.
            pipeline = Pipeline(self._detector, classifier=classifier, tracker=Tracker())
            seen = pipeline.process(Frame(0, replace(_CALM, wall=time.time()), image))
            observation = replace(seen, sightings=tuple(map(_at_first_sight, seen.sightings)))
            looked = perf_counter()
            jpeg = encode_jpeg(_annotated(image, observation))
            drawn = perf_counter()
        stages = {
            "read": (decoded - begun) * 1e3,
            **seen.timings,
            "draw": (drawn - looked) * 1e3,
        }
        manifest = classifier.bundle.manifest
        return Look(
            jpeg,
            observation,
            stages,
            model=f"{manifest.name} {manifest.version}",
            min_confidence=classifier.decision.min_confidence,
        )


def _at_first_sight(sighting: Sighting) -> Sighting:
    """The classifier's own answer: a vote over many frames is not to be had from one picture."""
    perception = sighting.perception
    if perception is None:
        return replace(sighting, steady=UNSURE, steady_confidence=0.5)
    return replace(sighting, steady=perception.label, steady_confidence=perception.confidence)


def _annotated(image: Image.Image, observation: Observation) -> NDArray[np.uint8]:
    """The picture at a size to be looked at, with boxes and answers: uint8[height, width, 3]."""
    scale = _SHOWN_PIXELS / max(image.size)
    size = round(image.width * scale) or 1, round(image.height * scale) or 1
    shown = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    style = Style(text=22, line=3, pad=3, ceiling=0, floor=size[1], numbered=True)
    draw_faces(shown, observation, theme=PLAIN, style=style)
    return np.asarray(shown, dtype=np.uint8)


def _starts(length: int, side: int) -> list[int]:
    """Where parts of `side` begin along `length`, each overlapping the next by half or more."""
    last = max(0, length - side)
    count = -(-last // max(1, side // 2))
    return [round(last * number / count) for number in range(count + 1)] if count else [0]


def _is_whole(box: Box, part: tuple[int, int, int], size: tuple[int, int]) -> bool:
    """Whether no edge of a part (left, top, side) cuts a face; the picture's own may."""
    left, top, side = part
    return (
        (left == 0 or box.x > left)
        and (top == 0 or box.y > top)
        and (left + side >= size[0] or box.x + box.width < left + side)
        and (top + side >= size[1] or box.y + box.height < top + side)
    )


def _moved(face: Face, left: int, top: int) -> Face:
    box = replace(face.box, x=face.box.x + left, y=face.box.y + top)
    return replace(face, box=box, keypoints=tuple((x + left, y + top) for x, y in face.keypoints))


def _same(one: Box, other: Box) -> bool:
    """Whether two boxes share much of the smaller one."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, across) * max(0.0, down)
    return shared > _SAME_SHARE * min(one.area, other.area)
