# SPDX-License-Identifier: Apache-2.0
"""What the daemon knows of its own health, for `passerby status` and the supervisor's one line."""

import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from device.comeback import Comeback
from device.outage import Stage
from device.pipeline import Pipeline
from device.protocols import Camera, Clock, Sink
from device.records import FEMALE, MALE, UNSURE, Observation, Stamp, as_json
from device.resources import Resources

_SELF = Path("/proc/self/status")
_RATE_OVER_FRAMES = 100
_KIBIBYTE = 1024
_MEMORY = {"VmRSS": "resident_bytes", "VmHWM": "peak_bytes"}


class Vitals:
    """Counts what happens since the start and tells it.

    Args:
        camera: asked for its name and what it skipped.
        comeback: asked whether the camera is lost, and why.
        pipeline: asked for its bundles and how many people it follows.
        sinks: asked for their state, by name.
        resources: asked for heat, rate and the ceiling of memory.
        clock: for uptime.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        comeback: Comeback,
        pipeline: Pipeline,
        sinks: Mapping[str, Sink],
        resources: Resources,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._comeback = comeback
        self._pipeline = pipeline
        self._sinks = sinks
        self._resources = resources
        self._clock = clock
        self._started = clock.stamp()
        self._frames = 0
        self._moments: deque[float] = deque(maxlen=_RATE_OVER_FRAMES)
        self._last_face: Stamp | None = None
        self._visits = {FEMALE: 0, MALE: 0, UNSURE: 0}

    def observe(self, observation: Observation) -> None:
        """Take one observation into account; a frame counts when somebody looked at it."""
        if observation.timings:
            self._frames += 1
            self._moments.append(self._clock.monotonic())
        if observation.sightings:
            self._last_face = observation.taken_at
        for visit in observation.ended:
            self._visits[visit.perceived_gender] += 1

    @property
    def frames_per_second(self) -> float:
        """The rate over the last hundred frames; it falls while none comes."""
        if len(self._moments) < 2:
            return 0.0
        spent = max(self._clock.monotonic(), self._moments[-1]) - self._moments[0]
        return (len(self._moments) - 1) / spent if spent > 0 else 0.0

    def sentence(self) -> str:
        """One line for the supervisor."""
        visits = sum(self._visits.values())
        return f"{self._frames} frames, {self.frames_per_second:.1f} per second, {visits} visits"

    def report(self, *, paused: bool) -> dict[str, Any]:
        """All that `passerby status` shows."""
        now = self._clock.stamp()
        return {
            "pid": os.getpid(),
            "state": self._state(paused),
            "uptime_seconds": round(now.monotonic - self._started.monotonic, 3),
            "frames": self._frames,
            "frames_per_second": round(self.frames_per_second, 2),
            "following": self._pipeline.following,
            "last_face": as_json(self._last_face) if self._last_face else None,
            "visits": {**self._visits, "total": sum(self._visits.values())},
            "memory": memory_bytes(),
            "resources": self._resources.state(),
            "camera": self._camera_state(),
            "bundles": dict(self._pipeline.bundles),
            "sinks": {name: sink.state() for name, sink in self._sinks.items()},
            "clock": as_json(now),
        }

    def _state(self, paused: bool) -> str:
        """What a person wants to know first: a lost camera before a pause."""
        camera = str(self._comeback.state()["state"])
        if camera != Stage.WELL.value:
            return camera
        return "paused" if paused else "running"

    def _camera_state(self) -> dict[str, Any]:
        return {
            "name": self._camera.name,
            "skipped": self._camera.skipped,
            "dropped": self._camera.dropped,
            **self._comeback.state(),
        }


def memory_bytes() -> dict[str, int]:
    """Resident memory of this process, now and at its peak; empty where /proc tells nothing."""
    try:
        lines = _SELF.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":")[::2] for line in lines)
    return {_MEMORY[key]: int(rest.split()[0]) * _KIBIBYTE for key, rest in pairs if key in _MEMORY}
