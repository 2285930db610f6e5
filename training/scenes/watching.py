# SPDX-License-Identifier: Apache-2.0
"""Plays a scene file through the device's own stages and keeps what they said, without a pixel."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from device.classifier import Classifier
from device.detector import Detector
from device.pipeline import Pipeline
from device.records import Frame, Observation, Stamp, Visit
from device.tracker import Tracker, TrackerRules
from training.scenes.files import read_frames, read_scene
from training.scenes.truth import Scene


class _Watcher(Protocol):
    def process(self, frame: Frame) -> Observation:
        """Look at one frame."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the device made of a scene: observations in step with frames, and every visit."""

    scene: Scene
    observations: tuple[Observation, ...]
    visits: tuple[Visit, ...]


class _CountingOnly:
    """Detector and tracker alone: counts can be measured before there is a classifier."""

    def __init__(self, detector: Detector, *, tracker: Tracker) -> None:
        self._detector = detector
        self._tracker = tracker

    def process(self, frame: Frame) -> Observation:
        """Find and follow, without perceiving."""
        height, width = frame.pixels.shape[:2]
        looks = [(face, None) for face in self._detector.find(frame.pixels)]
        sightings, ended = self._tracker.update(frame.taken_at, width, height, looks)
        return Observation(frame.number, frame.taken_at, width, height, sightings, ended)


def watch(
    path: Path,
    *,
    detector: Detector,
    classifier: Classifier | None,
    rules: TrackerRules | None = None,
) -> Seen:
    """Let the device watch a scene file from end to end at its own rate.

    Visits are named by their track's number, so that they can be found among the sightings.
    """
    scene = read_scene(path)
    tracker = Tracker(rules or TrackerRules(), name_visit=lambda started, track: str(track))
    watcher: _Watcher = (
        Pipeline(detector, classifier=classifier, tracker=tracker)
        if classifier is not None
        else _CountingOnly(detector, tracker=tracker)
    )
    observations = tuple(watcher.process(frame) for frame in _frames(path, scene))
    ended = [visit for observation in observations for visit in observation.ended]
    last = _stamp(scene, len(scene.frames))
    return Seen(scene, observations, (*ended, *tracker.finish(last)))


def _frames(path: Path, scene: Scene) -> Iterator[Frame]:
    for number, pixels in enumerate(read_frames(path, scene)):
        yield Frame(number, _stamp(scene, number), pixels)


def _stamp(scene: Scene, number: int) -> Stamp:
    seconds = number / scene.frames_per_second
    return Stamp("scene", seconds, seconds, False)
