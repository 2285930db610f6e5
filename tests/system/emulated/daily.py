# SPDX-License-Identifier: Apache-2.0
"""What the emulated Pi does every day: it boots, counts, answers over SSH and stays small."""

import time
from pathlib import Path

from system.emulated import asking
from system.emulated.installed import UNIT, Installed
from system.emulated.machine import MEMORY_MEGABYTES, EmulatedPi
from system.emulated.scenario import Figures

IDLE_MINUTES = 5
MOST_IDLE_BYTES_PER_HOUR = 100_000
MOST_RESIDENT_BYTES = 90_000_000
MOST_MACHINE_BYTES = 256 * 2**20
_BOOTED = ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")


def boots_headless(machine: Installed, folder: Path) -> Figures:
    """From a cold start: the service is ready, the first visit is told and then stored."""
    began = time.monotonic()
    with machine.pi(folder, boot=True) as pi:
        reached = time.monotonic() - began
        asking.new_visit(pi, after=0)
        visit = time.monotonic() - began
        shown = pi.show(UNIT, "ActiveState", "NRestarts", *_BOOTED)
        assert shown["ActiveState"] == "active", asking.tail(pi)
        assert shown["NRestarts"] == "0", asking.tail(pi)
        started, ready = (int(shown[name]) / 1e6 for name in _BOOTED)
        told = asking.visits(pi.said())
        stored, _ = asking.until(pi, "stored", lambda: asking.stored(pi))
        assert {row[0] for row in stored} >= asking.identities(told[:1])
    return {
        "boot_to_ssh_seconds": round(reached, 1),
        "boot_to_first_visit_seconds": round(visit, 1),
        "guest_start_to_ready_seconds": round(ready - started, 1),
        "guest_boot_to_ready_seconds": round(ready, 1),
    }


def capture_by_ssh(machine: Installed, folder: Path) -> Figures:
    """Counts by SSH while the daemon runs, a still on request, and twice at once."""
    with machine.pi(folder) as pi:
        asking.running(pi)
        began = time.monotonic()
        told = asking.captured(pi)
        seconds = time.monotonic() - began
        pi.run("passerby", "capture", "--still", "/root/still.jpg", check=False)
        size = int(pi.run("stat", "--format=%s", "/root/still.jpg").stdout)
        assert size > 2000, f"a still of {size} bytes"
    return {"capture_seconds": round(seconds, 2), "faces": len(told["faces"]), "still_bytes": size}


def small_memory(machine: Installed, folder: Path) -> Figures:
    """All of it, installation included, in the memory of a Pi Zero 2 W."""
    with machine.pi(folder) as pi:
        asking.show_only(pi, "000.jpg")
        told = asking.running(pi)
        asking.until(pi, "people followed", lambda: asking.status(pi).get("following"))
        told = asking.status(pi)
        resident, peak = (told["memory"][f"{name}_bytes"] for name in ("resident", "peak"))
        free = _meminfo(pi)
        used = free["MemTotal"] - free["MemAvailable"]
        assert peak <= MOST_RESIDENT_BYTES, f"the daemon's peak is {peak} bytes"
        assert used <= MOST_MACHINE_BYTES, f"the machine uses {used} bytes"
        killed = pi.run("dmesg").stdout.count("Out of memory")
        assert not killed, "the kernel had to kill for memory"
    return {
        "machine_megabytes": MEMORY_MEGABYTES,
        "machine_used_megabytes": round(used / 1e6, 1),
        "daemon_resident_megabytes": round(resident / 1e6, 1),
        "daemon_peak_megabytes": round(peak / 1e6, 1),
    }


def idle_writes(machine: Installed, folder: Path) -> Figures:
    """Nobody passes: what the daemon writes, and the whole machine."""
    with machine.pi(folder) as pi:
        asking.show_only(pi, "009.jpg")
        asking.running(pi)
        # What was counted before is written, and what the restart itself wrote is over.
        time.sleep(30)
        pi.run("sync")
        told = asking.status(pi)
        began, before = time.monotonic(), (_written(pi, told["pid"]), pi.monitor.written_bytes())
        time.sleep(IDLE_MINUTES * 60)
        pi.run("sync")
        after = _written(pi, told["pid"]), pi.monitor.written_bytes()
        hours = (time.monotonic() - began) / 3600
        later = asking.status(pi)
        assert later["pid"] == told["pid"] and later["frames"] > told["frames"], "it did not watch"
        daemon, disk = (round((b - a) / hours) for a, b in zip(before, after, strict=True))
        assert daemon < MOST_IDLE_BYTES_PER_HOUR, f"{daemon} bytes an hour"
    return {
        "minutes": IDLE_MINUTES,
        "daemon_bytes_per_hour": daemon,
        "disk_bytes_per_hour": disk,
        "frames": later["frames"] - told["frames"],
        "daemon_resident_megabytes": round(later["memory"]["resident_bytes"] / 1e6, 1),
    }


def _meminfo(pi: EmulatedPi) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    lines = (line.split() for line in pi.run("cat", "/proc/meminfo").stdout.splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines}


def _written(pi: EmulatedPi, process: int) -> int:
    """Bytes that a process has caused to be written to the disk, by the kernel's account."""
    lines = pi.run("cat", f"/proc/{process}/io").stdout.splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])
