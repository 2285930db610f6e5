# SPDX-License-Identifier: Apache-2.0
"""The sections of the settings file: each key's type, range, meaning and default, stated once.

What rules the tracker has its defaults in `device/tracker/tracking.py`, beside the code that they
tune.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from device.pacing import PacingRules
from device.tracker import TrackerRules

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_NAME_WORDS = "a name of letters, digits, dots, dashes and underscores"
_RULES = TrackerRules()
_PACING = PacingRules(rate=15.0)


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    """Which model bundles run, and how."""

    directory: Annotated[
        Path | None,
        Meta(description="The folder of bundles; empty is the one that came with Passerby."),
    ] = None
    detector: Annotated[
        str,
        Meta(
            description="The face detector's bundle; blazeface-back sees faces further away.",
            pattern=_NAME,
            title=_NAME_WORDS,
        ),
    ] = "blazeface-short"
    classifier: Annotated[
        str,
        Meta(
            description="The bundle that estimates perceived gender.",
            pattern=_NAME,
            title=_NAME_WORDS,
        ),
    ] = "default"
    threads: Annotated[int, Meta(description="Processor threads for each model.", ge=1, le=16)] = 1
    runtime: Annotated[
        Literal["auto", "litert", "tflite"],
        Meta(description="The TFLite runtime; auto takes LiteRT first, then tflite-runtime."),
    ] = "auto"


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """When faces in a row are one visit."""

    min_iou: Annotated[
        float,
        Meta(
            description="Overlap with the predicted box from which a face continues a track.",
            ge=0.01,
            le=0.95,
        ),
    ] = _RULES.min_iou
    reach_widths: Annotated[
        float,
        Meta(description="Face widths that a face may lie off its predicted place.", ge=0, le=10),
    ] = _RULES.reach_widths
    reach_growth_widths_per_second: Annotated[
        float,
        Meta(description="How much further for each second out of sight.", ge=0, le=100),
    ] = _RULES.reach_growth_widths_per_second
    first_reach_widths: Annotated[
        float,
        Meta(description="How far instead below settling_sightings sightings.", ge=0, le=10),
    ] = _RULES.first_reach_widths
    settling_sightings: Annotated[
        int,
        Meta(description="Sightings until a track's velocity is relied on.", ge=1, le=1000),
    ] = _RULES.settling_sightings
    max_size_ratio: Annotated[
        float,
        Meta(
            description="How many times larger or smaller a face may be, without overlap.",
            ge=1,
            le=10,
        ),
    ] = _RULES.max_size_ratio
    velocity_gain: Annotated[
        float,
        Meta(
            description="How much the newest movement counts in the smoothed velocity.", ge=0, le=1
        ),
    ] = _RULES.velocity_gain
    max_gap_seconds: Annotated[
        float,
        Meta(description="How long a person may be out of sight within one visit.", ge=0, le=30),
    ] = _RULES.max_gap_seconds
    max_tentative_gap_seconds: Annotated[
        float, Meta(description="The same while there are fewer than min_sightings.", ge=0, le=30)
    ] = _RULES.max_tentative_gap_seconds
    min_leaving_widths_per_second: Annotated[
        float,
        Meta(description="From this speed outwards a face at the edge leaves.", ge=0, le=100),
    ] = _RULES.min_leaving_widths_per_second
    leaving_reach_widths: Annotated[
        float,
        Meta(description="Reach for a face that is leaving across the edge.", ge=0, le=10),
    ] = _RULES.leaving_reach_widths
    max_missed_frames: Annotated[
        int,
        Meta(
            description="A track unseen for so many frames ends even if the clock stands.",
            ge=1,
            le=100000,
        ),
    ] = _RULES.max_missed_frames
    min_sightings: Annotated[
        int,
        Meta(
            description="Clear sightings that make a visit; fewer are a false alarm.", ge=1, le=1000
        ),
    ] = _RULES.min_sightings
    min_best_score: Annotated[
        float,
        Meta(
            description="The detection score that the best sighting of a visit must reach.",
            ge=0,
            le=1,
        ),
    ] = _RULES.min_best_score
    max_covered_share: Annotated[
        float,
        Meta(
            description="A face covered more than this by a larger one is no clear sighting.",
            ge=0,
            le=1,
        ),
    ] = _RULES.max_covered_share
    decide_share: Annotated[
        float,
        Meta(
            description="Share of the votes from which a visit is decided; below is unsure.",
            ge=0.5,
            le=1,
        ),
    ] = _RULES.decide_share
    keep_share: Annotated[
        float,
        Meta(
            description="Share of the votes below which a steady label is given up.", ge=0.5, le=1
        ),
    ] = _RULES.keep_share
    min_vote_weight: Annotated[
        float,
        Meta(
            description="The summed weight that decides; one sharp, large look is nearly 1.",
            ge=0,
            le=100,
        ),
    ] = _RULES.min_vote_weight
    full_vote_width_pixels: Annotated[
        float,
        Meta(description="Face width in pixels from which a look has full weight.", ge=1, le=10000),
    ] = _RULES.full_vote_width_pixels

    def rules(self) -> TrackerRules:
        """The same values as the tracker takes them."""
        return TrackerRules(**asdict(self))

    def __post_init__(self) -> None:
        """Refuse shares that contradict each other."""
        if self.keep_share > self.decide_share:
            raise ValueError(
                f"keep_share is {self.keep_share}, expected decide_share ({self.decide_share}) "
                "or less"
            )


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The database of visits and counts."""

    enabled: Annotated[bool, Meta(description="Keep visits and counts on disk.")] = True
    path: Annotated[
        Path | None, Meta(description="The database; empty is visits.db in the state directory.")
    ] = None
    max_bytes: Annotated[
        int,
        Meta(description="Most bytes on disk; the oldest visits go first.", ge=262_144, le=2**40),
    ] = 64 * 1024 * 1024
    batch_seconds: Annotated[
        float,
        Meta(description="How long ended visits wait in memory before a write.", ge=0, le=3600),
    ] = 10.0


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """JSON lines on standard output."""

    enabled: Annotated[bool, Meta(description="One line for each ended visit.")] = True
    verbose: Annotated[bool, Meta(description="Also one line for each frame.")] = False


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """The loop."""

    max_frames_per_second: Annotated[
        float, Meta(description="Frames looked at each second, at most.", ge=0.1, le=240)
    ] = _PACING.rate
    stop_seconds: Annotated[
        float, Meta(description="How long stopping may take after a signal.", ge=0.5, le=60)
    ] = 4.0
    idle_seconds: Annotated[
        float,
        Meta(
            description="After how long without anybody the rate falls; 0 is never, and so is "
            "while a screen shows the picture.",
            ge=0,
            le=86400,
        ),
    ] = _PACING.idle_seconds
    idle_frames_per_second: Annotated[
        float, Meta(description="The rate while nobody is there.", ge=0.1, le=240)
    ] = _PACING.idle_rate
    max_bytes: Annotated[
        int,
        Meta(
            description="Most memory; beyond it the daemon ends with status 80, to be restarted.",
            ge=2**26,
            le=2**36,
        ),
    ] = 192 * 1024 * 1024
