# SPDX-License-Identifier: Apache-2.0
"""What the daemon says of its own health."""

from dataclasses import replace
from pathlib import Path

import pytest
from walkers import frames, jpeg, write_scene

from device.board import Board
from device.cameras.replay import ReplayCamera
from device.classifier import Classifier
from device.clock import ManualClock
from device.comeback import NoComeback
from device.detector import Detector
from device.pacing import Pacing, PacingRules
from device.pipeline import Pipeline
from device.records import Box, Face, Observation, Sighting, Visit
from device.resources import Resources
from device.sinks.journal import Journal
from device.tracker import Tracker
from device.vitals import Vitals, memory_bytes


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic=100.0)


@pytest.fixture
def vitals(
    tmp_path: Path, detector: Detector, classifier: Classifier, clock: ManualClock
) -> Vitals:
    scene = write_scene(tmp_path / "s.zip", [jpeg(frames(1)[0])])
    camera = ReplayCamera(scene, frames_per_second=0, loop=True, fast=True, clock=clock)
    pipeline = Pipeline(detector, classifier=classifier, tracker=Tracker())
    return Vitals(
        camera,
        comeback=NoComeback(),
        pipeline=pipeline,
        sinks={"journal": Journal(1, verbose=False)},
        resources=Resources(
            Pacing(PacingRules(rate=15.0), now=clock.monotonic()),
            board=Board(tmp_path),
            memory=memory_bytes,
            max_bytes=2**30,
            slow_down=lambda rate: None,
        ),
        clock=clock,
    )


def observation(clock: ManualClock, *sightings: Sighting) -> Observation:
    return Observation(1, clock.stamp(), 640, 480, sightings, (), {"detect": 1.0})


def test_counts_frames_faces_and_visits(vitals: Vitals, clock: ManualClock) -> None:
    report = vitals.report(paused=False)
    assert (report["frames"], report["last_face"], report["frames_per_second"]) == (0, None, 0)
    for _ in range(5):
        vitals.observe(observation(clock))
        clock.advance(0.5)
    sighting = Sighting(1, Face(Box(0, 0, 9, 9), (), 1.0), None, "unsure", 0.5)
    seen_at = clock.stamp()
    visit = Visit("v", seen_at, seen_at, "unsure", 0.5, 3, 0, 0)
    vitals.observe(replace(observation(clock, sighting), ended=(visit, visit)))
    clock.advance(0.5)
    report = vitals.report(paused=True)
    assert report["state"] == "paused"
    assert report["resources"]["max_bytes"] == 2**30
    assert report["uptime_seconds"] == 3.0
    assert report["frames"] == 6
    assert report["frames_per_second"] == pytest.approx(5 / 3, abs=0.01)
    assert report["last_face"]["monotonic"] == seen_at.monotonic
    assert report["visits"] == {"female": 0, "male": 0, "unsure": 2, "total": 2}
    assert report["sinks"]["journal"]["ok"] is True
    assert vitals.sentence() == "6 frames, 1.7 per second, 2 visits"


def test_a_frame_that_nobody_looked_at_is_no_frame(vitals: Vitals, clock: ManualClock) -> None:
    vitals.observe(replace(observation(clock), timings={}))
    assert vitals.report(paused=True)["frames"] == 0


def test_the_rate_falls_when_no_frame_comes(vitals: Vitals, clock: ManualClock) -> None:
    for _ in range(3):
        vitals.observe(observation(clock))
        clock.advance(0.1)
    before = vitals.frames_per_second
    clock.advance(10)
    assert vitals.frames_per_second < before / 10


def test_memory_is_that_of_this_process() -> None:
    memory = memory_bytes()
    assert 10 * 2**20 < memory["resident_bytes"] <= memory["peak_bytes"]
