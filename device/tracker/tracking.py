# SPDX-License-Identifier: Apache-2.0
"""Faces of single frames become people passing: one visit each. Pure: time is an argument.

A track predicts its face's box at constant velocity, takes over the face that fits best (see
`association`), votes on perceived gender (see `vote`), survives gaps, and becomes a visit when it
ends with enough sightings. After SORT (Bewley et al. 2016, arXiv 1602.00763) and ByteTrack (Zhang
et al. 2022, arXiv 2110.06864), with an alpha-beta filter in place of the Kalman filter.

Only the differences of `Stamp.monotonic` matter; a step back counts as no time at all.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from device.records import Face, Perception, Sighting, Stamp, Visit
from device.tracker.association import covered_share, match
from device.tracker.track import Track
from device.tracker.vote import Vote, VoteRules

Look = tuple[Face, Perception | None]


@dataclass(frozen=True, slots=True)
class TrackerRules:
    """How faces are followed and when someone counts."""

    min_iou: float = 0.2
    """Overlap (0 to 1) with the predicted box from which a face continues a track."""
    reach_widths: float = 0.5
    """How far, in face widths, a face may lie from where its track is predicted."""
    reach_growth_widths_per_second: float = 1.0
    """How much further for each second since the track was last seen."""
    first_reach_widths: float = 1.6
    """How far instead while a track has fewer than settling_sightings sightings."""
    settling_sightings: int = 3
    """How many sightings it takes until a track's velocity can be relied on."""
    max_size_ratio: float = 1.6
    """How much larger or smaller (times) a face may be to continue a track without overlap."""
    velocity_gain: float = 0.5
    """How much (0 to 1) the newest movement counts in the smoothed velocity."""
    max_gap_seconds: float = 1.2
    """How long a person may be out of sight and still be the same visit."""
    max_tentative_gap_seconds: float = 0.6
    """The same while there are fewer than min_sightings sightings."""
    min_leaving_widths_per_second: float = 0.5
    """From this speed outwards a face at the frame's edge is leaving: unseen once, it is gone."""
    leaving_reach_widths: float = 0.2
    """Reach for a face that is leaving, so that nobody who enters there continues its track."""
    max_missed_frames: int = 300
    """A track unseen for so many frames ends even if the clock stands still."""
    min_sightings: int = 3
    """How many clear sightings make a visit; fewer are taken for a false alarm."""
    min_best_score: float = 0.7
    """The detection score (0 to 1) that the best sighting of a visit must reach."""
    max_covered_share: float = 0.6
    """A face covered more than this (0 to 1) by a larger one is not a clear sighting."""
    decide_share: float = 0.8
    """The share of the votes (0.5 to 1) from which a track is decided; below it is unsure.

    Chosen as the smallest at which 95 % of decided visits were right, over 40 scenes composed from
    held-out training pictures (seeds 3000-3039)."""
    keep_share: float = 0.7
    """The share (0.5 to 1) below which a steady label is given up; less than decide_share."""
    min_vote_weight: float = 0.25
    """The summed weight that decides; one large, sharp, certain look weighs nearly 1."""
    full_vote_width_pixels: float = 80.0
    """The face width in pixels from which a look has its full weight."""


def visit_name(started: Stamp, track: int) -> str:
    """A name for a visit that no other boot, restart or track has."""
    return f"{started.boot_id[:8]}-{round(started.monotonic * 1000)}-{track}"


@dataclass(slots=True)
class Tracker:
    """Follows faces from frame to frame and tells which visits have ended."""

    rules: TrackerRules = field(default_factory=TrackerRules)
    name_visit: Callable[[Stamp, int], str] | None = field(default=None, kw_only=True)
    _tracks: list[Track] = field(default_factory=list, init=False)
    _started: int = field(default=0, init=False)
    _now: float = field(default=0.0, init=False)
    _last_monotonic: float | None = field(default=None, init=False)

    @property
    def active(self) -> int:
        """How many faces are followed at present, those in a gap included."""
        return len(self._tracks)

    def update(
        self, stamp: Stamp, width: int, height: int, faces: Sequence[Look]
    ) -> tuple[tuple[Sighting, ...], tuple[Visit, ...]]:
        """Take the faces of one frame of `width` x `height` pixels, in any order.

        Returns a sighting for each face, largest first, and the visits that ended with this frame.
        """
        self._advance(stamp)
        ended = self._end([track for track in self._tracks if self._overdue(track)])
        looks = sorted(faces, key=_largest_first)
        leaving = [track for track in self._tracks if self._leaving(track, width, height)]
        sightings = self._follow(stamp, looks, {track.number for track in leaving})
        return sightings, ended + self._end([track for track in leaving if track.missed])

    def finish(self, stamp: Stamp) -> tuple[Visit, ...]:
        """End every open track, as when the daemon stops."""
        self._advance(stamp)
        return self._end(list(self._tracks))

    def _advance(self, stamp: Stamp) -> None:
        if self._last_monotonic is not None:
            self._now += max(0.0, stamp.monotonic - self._last_monotonic)
        self._last_monotonic = stamp.monotonic

    def _overdue(self, track: Track) -> bool:
        rules = self.rules
        tentative = track.clear_sightings < rules.min_sightings
        limit = rules.max_tentative_gap_seconds if tentative else rules.max_gap_seconds
        return self._now - track.seen_at > limit or track.missed > rules.max_missed_frames

    def _leaving(self, track: Track, width: int, height: int) -> bool:
        """Whether a settled track is walking out across the frame's edge.

        Its face is half hidden there and soon not found; somebody who enters at that moment must
        not be taken for the one who has just left.
        """
        least = self.rules.min_leaving_widths_per_second
        settled = track.sightings >= self.rules.settling_sightings
        return settled and track.crosses_edge(self._now, width, height, min_widths_per_second=least)

    def _follow(
        self, stamp: Stamp, looks: Sequence[Look], leaving: Container[int]
    ) -> tuple[Sighting, ...]:
        rules = self.rules
        boxes = [face.box for face, _ in looks]
        known = list(self._tracks)
        pairs = match(
            [track.predicted(self._now) for track in known],
            boxes,
            lost=[track.missed > 0 for track in known],
            min_iou=rules.min_iou,
            reach_widths=[self._reach(track, track.number in leaving) for track in known],
            max_size_ratio=rules.max_size_ratio,
        )
        for track in known:
            track.missed += 1
        sightings = []
        for index, (face, perception) in enumerate(looks):
            track = known[pairs[index]] if index in pairs else self._begin(stamp, face)
            covers = (covered_share(face.box, larger) for larger in boxes[:index])
            clear = max(covers, default=0.0) <= rules.max_covered_share
            track.see(stamp, self._now, face, clear=clear, gain=rules.velocity_gain)
            sightings.append(_sighting(track, face, perception))
        return tuple(sightings)

    def _reach(self, track: Track, leaving: bool) -> float:
        rules = self.rules
        if leaving:
            return rules.leaving_reach_widths
        if track.sightings < rules.settling_sightings:
            return rules.first_reach_widths
        gap = self._now - track.seen_at
        return rules.reach_widths + rules.reach_growth_widths_per_second * gap

    def _begin(self, stamp: Stamp, face: Face) -> Track:
        self._started += 1
        rules = self.rules
        vote = Vote(
            VoteRules(
                decide_share=rules.decide_share,
                keep_share=rules.keep_share,
                min_weight=rules.min_vote_weight,
                full_width_pixels=rules.full_vote_width_pixels,
            )
        )
        track = Track(self._started, stamp, stamp, face.box, self._now, vote)
        self._tracks.append(track)
        return track

    def _end(self, gone: Sequence[Track]) -> tuple[Visit, ...]:
        numbers = {track.number for track in gone}
        self._tracks = [track for track in self._tracks if track.number not in numbers]
        return tuple(self._visit(track) for track in gone if self._counts(track))

    def _counts(self, track: Track) -> bool:
        enough = track.clear_sightings >= self.rules.min_sightings
        return enough and track.best_score >= self.rules.min_best_score

    def _visit(self, track: Track) -> Visit:
        name = self.name_visit or visit_name
        return Visit(
            identity=name(track.started, track.number),
            started=track.started,
            ended=track.ended,
            perceived_gender=track.vote.decided,
            confidence=track.vote.share,
            sightings=track.sightings,
            female_weight=track.vote.female,
            male_weight=track.vote.male,
        )


def _sighting(track: Track, face: Face, perception: Perception | None) -> Sighting:
    if perception is not None:
        track.vote.cast(face, perception)
    return Sighting(track.number, face, perception, track.vote.steady, track.vote.share)


def _largest_first(look: Look) -> tuple[object, ...]:
    """A total order of faces, so that the detector's order changes nothing."""
    face, perception = look
    box = face.box
    heard = (perception.female, perception.male) if perception else ()
    return (-box.area, box.x, box.y, box.width, face.score, face.keypoints, heard)
