# SPDX-License-Identifier: Apache-2.0
"""Power cuts: QEMU is killed in the middle of a write, and the machine boots from what is left."""

import time
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system.emulated import asking
from system.emulated.installed import Installed
from system.emulated.machine import EmulatedPi
from system.emulated.scenario import Figures

CUTS = 10
#: The store's `batch_seconds` as installed.
BATCH_SECONDS = 10.0
# How many writes follow the first of a batch's: each cut comes at another point of it.
_LATER = (0, 1, 2, 3, 0, 1, 2, 4, 6, 0)
_LONGEST_WAIT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Cut:
    """What a power cut cost: visits of the last batch, and seconds until the next visit.

    `kept` are the identities in the database afterwards.
    """

    lost: int
    seconds: float
    kept: Set[str]


def power_cuts(machine: Installed, folder: Path) -> Figures:
    """Ten cuts in a row, each in the middle of a write and followed by a boot from what is left."""
    cuts: list[Cut] = []
    with machine.pi(folder) as pi:
        for later in _LATER[:CUTS]:
            cuts.append(cut_and_boot(pi, later=later, before=cuts[-1].kept if cuts else set()))
    return {
        "cuts_survived": len(cuts),
        "visits_of_last_batches_lost": sum(cut.lost for cut in cuts),
        "visits_stored": len(cuts[-1].kept),
        "boot_to_next_visit_seconds_longest": round(max(cut.seconds for cut in cuts), 1),
    }


def cut_and_boot(pi: EmulatedPi, *, later: int = 0, before: Set[str] = frozenset()) -> Cut:
    """One cut, `later` writes after the first of a batch.

    The serial line outlives the cut: all that it told before the batch interval must be stored, all
    that the store said was written, and all that was stored `before`.
    """
    told = asking.running(pi)
    boot, began = told["clock"]["boot_id"], told["clock"]["monotonic"]
    # The machine's own clock, without asking again: each question takes time from the daemon.
    offset = asking.uptime(pi) - time.monotonic()
    asking.until(pi, "a batch", lambda: _batch_passed(pi, boot, offset + time.monotonic()))
    later_told = asking.status(pi)
    passed, frames = later_told["clock"]["monotonic"] - began, later_told["frames"] - told["frames"]
    _wait_for_write(pi, later)
    pi.pull_plug()
    now, said = offset + time.monotonic(), pi.said()
    visits = _of_boot(said, boot)
    # A batch is due that long after its first visit, and written with the next frame.
    due = now - BATCH_SECONDS - 2 * passed / max(frames, 1)
    older = asking.identities([one for one in visits if one["told"] < due])
    assert older, "no visit was old enough to be asked for"
    powered = time.monotonic()
    pi.power_on()
    asking.new_visit(pi, after=len(said))
    seconds = time.monotonic() - powered
    rows = asking.stored(pi)
    kept = {row[0] for row in rows}
    missing = (older | before) - kept
    assert not missing, f"{len(missing)} visits older than the batch interval are lost"
    written, left = later_told["sinks"]["store"]["written"], sum(row[1] == boot for row in rows)
    assert left >= written, f"{written} visits were said to be written, {left} are there"
    return Cut(len(asking.identities(visits) - kept), seconds, kept)


def _of_boot(said: str, boot: str) -> list[dict[str, Any]]:
    return [one for one in asking.visits(said) if one["ended"]["boot_id"] == boot]


def _batch_passed(pi: EmulatedPi, boot: str, now: float) -> bool:
    """Whether a visit of this boot is well older than the batch interval."""
    return any(now - one["told"] > 3 * BATCH_SECONDS for one in _of_boot(pi.said(), boot))


def _wait_for_write(pi: EmulatedPi, later: int) -> None:
    """Until the machine writes to its disk, and then so many writes more."""

    def writes() -> int:
        return int(pi.monitor("query-blockstats")[0]["stats"]["wr_operations"])

    first, deadline = writes(), time.monotonic() + _LONGEST_WAIT_SECONDS
    while writes() <= first + later:
        assert time.monotonic() < deadline, "nothing was written"
        time.sleep(0.001)
