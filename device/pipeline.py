# SPDX-License-Identifier: Apache-2.0
"""One frame through every stage: find faces, cut them out, classify, follow over time."""

from dataclasses import replace
from time import perf_counter

from device.allowance import Allowance
from device.classifier import Classifier
from device.detector import Detector
from device.imaging import size_of
from device.records import Face, Frame, Observation, Perception
from device.tracker import Tracker


class Pipeline:
    """Turns frames into observations. It keeps numbers about people, and no pixel.

    Args:
        detector: finds the faces of a frame, largest first.
        classifier: cuts faces out and estimates perceived gender.
        tracker: follows faces over frames and says when a visit ended.
        allowance: how much time classifying may take; None for as much as it needs.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        classifier: Classifier,
        tracker: Tracker,
        allowance: Allowance | None = None,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._tracker = tracker
        self._allowance = allowance or Allowance()
        self.bundles = {
            "detector": detector.bundle.identity,
            "classifier": classifier.bundle.identity,
        }

    @property
    def following(self) -> int:
        """How many people are being followed at present."""
        return self._tracker.active

    def process(self, frame: Frame, *, thorough: bool = False) -> Observation:
        """Look at one frame.

        Faces narrower or lower than the classifier's least size are followed, but not classified;
        so are those for which the allowance is spent, unless a `thorough` look is asked for.
        `timings` holds milliseconds for detect, crop, classify and track; an observation without
        timings is one for which nobody looked.
        """
        begun = perf_counter()
        faces = self._detector.find(frame.picture)
        found = perf_counter()
        looks: list[tuple[Face, Perception | None]] = []
        cropping = 0.0
        self._allowance.grant(unlimited=thorough)
        for face in self._allowance.in_turn(faces):
            perception, seconds = self._perceive(frame, face)
            looks.append((face, perception))
            cropping += seconds
        classified = perf_counter()
        width, height = size_of(frame.picture)
        sightings, ended = self._tracker.update(frame.taken_at, width, height, looks)
        timings = {
            "detect": (found - begun) * 1e3,
            "crop": cropping * 1e3,
            "classify": (classified - found - cropping) * 1e3,
            "track": (perf_counter() - classified) * 1e3,
        }
        return Observation(
            frame.number, frame.taken_at, width, height, sightings, ended, timings, self.bundles
        )

    def look_away(self, frame: Frame) -> Observation:
        """See nothing of `frame`, and end every open visit."""
        width, height = size_of(frame.picture)
        ended = self._tracker.finish(frame.taken_at)
        return Observation(
            frame.number, frame.taken_at, width, height, (), ended, bundles=self.bundles
        )

    def finish(self, last: Observation) -> Observation:
        """End every open visit after the `last` frame."""
        ended = self._tracker.finish(last.taken_at)
        return replace(last, sightings=(), ended=ended, timings={})

    def _perceive(self, frame: Frame, face: Face) -> tuple[Perception | None, float]:
        """The perception of one face, and the seconds that cutting it out took."""
        if min(face.box.width, face.box.height) < self._classifier.min_face_pixels:
            return None, 0.0
        if not self._allowance.open:
            return None, 0.0
        begun = perf_counter()
        crop = self._classifier.crop(frame.picture, face)
        cropped = perf_counter()
        perception = self._classifier.perceive(crop)
        self._allowance.spend(perf_counter() - begun)
        return perception, cropped - begun
