# SPDX-License-Identifier: Apache-2.0
"""When a visit counts: pure functions from stamps to quarter hours.

A Pi has no clock at boot, so the wall time of its first visits may be years off. Monotonic time is
right within a boot; one later stamp of that boot whose clock is synchronised (an anchor) tells when
they really were: wall = anchor.wall - (anchor.monotonic - monotonic).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from device.records import Stamp, Visit

QUARTER_SECONDS = 900
#: A visit whose wall times tell another length than monotonic time saw the clock being set.
STEP_SECONDS = 1.0
#: The origin of quarters that are seconds since the Unix epoch, UTC. Any other origin is a boot id,
#: whose quarters are seconds of that boot's monotonic time: the time of day is not known (yet).
UTC = "utc"
#: The origin of counts whose quarter was given up to stay within the store's size.
FORGOTTEN = "forgotten"

Bucket = tuple[str, int]
TimeSource = Literal["synchronised", "reckoned", "unsynchronised"]


@dataclass(frozen=True, slots=True)
class Timing:
    """A visit's wall times, seconds since the epoch, and what they rest on."""

    started_wall: float
    ended_wall: float
    source: TimeSource

    @property
    def known(self) -> bool:
        """Whether the wall times can be trusted."""
        return self.source != "unsynchronised"


def quarter(seconds: float) -> int:
    """The start, in whole seconds, of the quarter hour that holds `seconds`."""
    return int(seconds // QUARTER_SECONDS) * QUARTER_SECONDS


def offset(anchor: Stamp) -> float:
    """Wall time minus monotonic time in the boot of `anchor`, seconds."""
    return anchor.wall - anchor.monotonic


def timing(visit: Visit, anchors: Mapping[str, Stamp]) -> Timing:
    """The wall times of `visit`: as recorded, or reckoned from its own or its boot's anchor.

    Known times are as far apart as monotonic time says, whatever was done to the clock meanwhile.
    """
    started, ended = visit.started, visit.ended
    steady = abs(offset(ended) - offset(started)) <= STEP_SECONDS
    if started.clock_synchronised and ended.clock_synchronised and steady:
        return Timing(started.wall, ended.wall, "synchronised")
    own = next((stamp for stamp in (ended, started) if stamp.clock_synchronised), None)
    anchor = own or anchors.get(ended.boot_id)
    if anchor is None:
        return Timing(started.wall, ended.wall, "unsynchronised")
    return Timing(started.monotonic + offset(anchor), ended.monotonic + offset(anchor), "reckoned")


def bucket(visit: Visit, anchors: Mapping[str, Stamp]) -> Bucket:
    """Where `visit` is counted: the quarter hour in which it ended."""
    when = timing(visit, anchors)
    if when.known:
        return UTC, quarter(when.ended_wall)
    return visit.ended.boot_id, quarter(visit.ended.monotonic)
