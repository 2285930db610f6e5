# SPDX-License-Identifier: Apache-2.0
"""Power cuts: QEMU is killed in the middle of a write, and the machine boots from what is left."""

import time
from pathlib import Path

from system.emulated import asking
from system.emulated.installed import Installed
from system.emulated.machine import EmulatedPi
from system.emulated.scenario import Figures

CUTS = 10
#: The store's `batch_seconds` as installed.
BATCH_SECONDS = 10.0
# Which write follows the first of a batch's: each cut comes at another point of it.
_WRITES_LATER = (0, 1, 2, 3, 0, 1, 2, 4, 6, 0)
_LONGEST_WAIT_SECONDS = 120.0


def power_cuts(machine: Installed, folder: Path) -> Figures:
    """Ten cuts in a row, each followed by a boot from the same disk."""
    lost, back = 0, []
    with machine.pi(folder) as pi:
        for number in range(CUTS):
            kept, seconds = cut_and_boot(pi, later=_WRITES_LATER[number])
            lost += kept
            back.append(seconds)
        rows = len(asking.stored(pi))
    return {
        "cuts_survived": len(back),
        "visits_in_batch_lost": lost,
        "boot_to_next_visit_seconds_longest": round(max(back), 1),
        "visits_stored": rows,
    }


def cut_and_boot(pi: EmulatedPi, *, later: int = 0) -> tuple[int, float]:
    """One cut: how many visits of the last batch are lost, and seconds until the next visit.

    The serial line outlives the cut: all that it told before the batch interval must be stored.
    """
    frame_seconds = 1 / max(asking.running(pi)["frames_per_second"], 0.1)
    _wait_for_a_full_batch(pi)
    up, asked = asking.uptime(pi), time.monotonic()
    _wait_for_write(pi, later)
    pi.pull_plug()
    now = up + time.monotonic() - asked
    said = pi.said()
    told = asking.visits(said)
    # A batch is due that long after its first visit, and written with the next frame.
    due = now - BATCH_SECONDS - 2 * frame_seconds
    boot = told[-1]["ended"]["boot_id"]
    older = asking.identities(
        [one for one in told if one["ended"]["boot_id"] != boot or one["ended"]["monotonic"] < due]
    )
    began = time.monotonic()
    pi.power_on()
    asking.new_visit(pi, after=len(said))
    seconds = time.monotonic() - began
    kept = {row[0] for row in asking.stored(pi)}
    earlier = asking.identities([one for one in told if one["ended"]["boot_id"] != boot])
    lost = older - kept
    assert not lost, f"{len(lost)} of {len(older)} visits older than the batch interval are lost"
    assert older - earlier or not earlier, "no visit was old enough to be asked for"
    return len(asking.identities(told) - kept), seconds


def _wait_for_a_full_batch(pi: EmulatedPi) -> None:
    """Until a visit of this boot is older than the batch interval."""

    def look() -> bool:
        told = asking.visits(pi.said())
        now = asking.uptime(pi)
        boot = pi.run("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()
        mine = [one["ended"] for one in told if one["ended"]["boot_id"] == boot]
        return any(now - one["monotonic"] > BATCH_SECONDS + 5 for one in mine)

    asking.until(pi, "a batch", look)


def _wait_for_write(pi: EmulatedPi, later: int) -> None:
    """Until the machine writes to its disk, and then so many writes more."""

    def writes() -> int:
        return int(pi.monitor("query-blockstats")[0]["stats"]["wr_operations"])

    before, deadline = writes(), time.monotonic() + _LONGEST_WAIT_SECONDS
    while writes() <= before + later:
        assert time.monotonic() < deadline, "nothing was written"
