# SPDX-License-Identifier: Apache-2.0
"""One followed face: where it is, how it moves, and what has been heard of it so far. Pure."""

from dataclasses import dataclass, replace

from device.records import Box, Face, Stamp
from device.tracker.vote import Vote


@dataclass(slots=True)
class Track:
    """One followed face; `seen_at` and velocity are on the tracker's own, never falling clock."""

    number: int
    started: Stamp
    ended: Stamp
    box: Box
    seen_at: float
    vote: Vote
    best_score: float = 0.0
    sightings: int = 0
    clear_sightings: int = 0
    missed: int = 0
    velocity: tuple[float, float] | None = None

    def predicted(self, now: float) -> Box:
        """Where the face should be at `now`, if it went on as before."""
        across, down = self.velocity or (0.0, 0.0)
        gone, box = now - self.seen_at, self.box
        return Box(box.x + across * gone, box.y + down * gone, box.width, box.height)

    def crosses_edge(
        self, now: float, width: int, height: int, *, min_widths_per_second: float
    ) -> bool:
        """Whether the face should be across the frame's edge by now, moving outwards so fast."""
        box = self.predicted(now)
        across, down = self.velocity or (0.0, 0.0)
        least = min_widths_per_second * box.width
        return (
            (box.x < 0 and across < -least)
            or (box.x + box.width > width and across > least)
            or (box.y < 0 and down < -least)
            or (box.y + box.height > height and down > least)
        )

    def see(self, stamp: Stamp, now: float, face: Face, *, clear: bool, gain: float) -> None:
        """Take over the face of this frame."""
        if self.sightings and now > self.seen_at:
            self._move(now - self.seen_at, face.box, gain)
        self.box, self.seen_at, self.missed = face.box, now, 0
        if stamp.monotonic < self.ended.monotonic:
            stamp = replace(stamp, monotonic=self.ended.monotonic)
        self.ended = stamp
        self.best_score = max(self.best_score, face.score)
        self.sightings += 1
        self.clear_sightings += clear

    def _move(self, seconds: float, box: Box, gain: float) -> None:
        across = (box.x - self.box.x + (box.width - self.box.width) / 2) / seconds
        down = (box.y - self.box.y + (box.height - self.box.height) / 2) / seconds
        if self.velocity is not None:
            across = gain * across + (1 - gain) * self.velocity[0]
            down = gain * down + (1 - gain) * self.velocity[1]
        self.velocity = (across, down)
