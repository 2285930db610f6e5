# SPDX-License-Identifier: Apache-2.0
"""The pipeline with the real models: stages, small faces, ends of visits, timings."""

import numpy as np
import pytest
from numpy.typing import NDArray
from walkers import frames

from device.allowance import Allowance
from device.classifier import Classifier
from device.detector import Detector
from device.pipeline import Pipeline
from device.records import Frame, Observation, Stamp
from device.tracker import Tracker


@pytest.fixture
def pipeline(detector: Detector, classifier: Classifier) -> Pipeline:
    return Pipeline(detector, classifier=classifier, tracker=Tracker())


def frame(number: int, pixels: NDArray[np.uint8]) -> Frame:
    return Frame(number, Stamp("boot", number / 10, 1000 + number / 10, True), pixels)


def play(pipeline: Pipeline, pictures: list[NDArray[np.uint8]]) -> list[Observation]:
    return [pipeline.process(frame(number, picture)) for number, picture in enumerate(pictures)]


def test_a_walker_is_one_track_and_one_visit(pipeline: Pipeline) -> None:
    seen = play(pipeline, frames(1))
    tracks = {sighting.track for observation in seen for sighting in observation.sightings}
    ended = [visit for observation in seen for visit in observation.ended]
    assert len(tracks) == 1
    assert len(ended) == 1
    assert ended[0].started == seen[0].taken_at
    assert pipeline.following == 0


def test_perceptions_are_the_classifiers_own(
    pipeline: Pipeline, detector: Detector, classifier: Classifier
) -> None:
    picture = frames(1)[3]
    (face,) = detector.find(picture)
    observation = pipeline.process(frame(0, picture))
    (sighting,) = observation.sightings
    assert sighting.face == face
    assert sighting.perception == classifier.perceive(classifier.crop(picture, face))
    assert observation.bundles == {
        "detector": detector.bundle.identity,
        "classifier": classifier.bundle.identity,
    }
    assert (observation.width, observation.height) == (640, 480)


def test_a_face_too_small_to_classify_is_followed_all_the_same(
    detector: Detector, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "min_face_pixels", 10_000)
    pipeline = Pipeline(detector, classifier=classifier, tracker=Tracker())
    seen = play(pipeline, frames(1))
    assert all(s.perception is None for o in seen for s in o.sightings)
    (visit,) = [visit for observation in seen for visit in observation.ended]
    assert visit.perceived_gender == "unsure"
    assert visit.sightings >= 3


def test_every_stage_is_timed_in_milliseconds(pipeline: Pipeline) -> None:
    observation = pipeline.process(frame(0, frames(1)[0]))
    assert set(observation.timings) == {"detect", "crop", "classify", "track"}
    assert all(spent > 0 for spent in observation.timings.values())


def test_finishing_ends_open_visits_without_a_look(pipeline: Pipeline) -> None:
    seen = play(pipeline, frames(1)[:6])
    last = pipeline.finish(seen[-1])
    assert len(last.ended) == 1
    assert last.taken_at == seen[-1].taken_at
    assert (last.sightings, last.timings) == ((), {})
    assert pipeline.finish(seen[-1]).ended == ()


def test_looking_away_sees_nothing_and_ends_open_visits(pipeline: Pipeline) -> None:
    pictures = frames(1)
    play(pipeline, pictures[:5])
    observation = pipeline.look_away(frame(5, pictures[5]))
    assert (observation.sightings, observation.timings) == ((), {})
    assert len(observation.ended) == 1
    assert pipeline.following == 0


def test_an_empty_frame_has_neither_sightings_nor_visits(pipeline: Pipeline) -> None:
    observation = pipeline.process(frame(0, np.zeros((480, 640, 3), np.uint8)))
    assert (observation.sightings, observation.ended) == ((), ())


def test_a_spent_allowance_leaves_faces_followed_but_unclassified(
    detector: Detector, classifier: Classifier
) -> None:
    pipeline = Pipeline(
        detector, classifier=classifier, tracker=Tracker(), allowance=Allowance(1e-9)
    )
    seen = play(pipeline, frames(1))
    looks = [one.perception for observation in seen for one in observation.sightings]
    assert looks[0] is not None
    assert looks[1:] == [None] * (len(looks) - 1)
    assert len([visit for observation in seen for visit in observation.ended]) == 1
    again = pipeline.process(frame(99, frames(1)[3]), thorough=True)
    assert again.sightings[0].perception is not None
