# SPDX-License-Identifier: Apache-2.0
"""Faults that the emulated Pi gets over by itself: its camera, its disk, its clock."""

import time
from pathlib import Path
from typing import Any

from system.emulated import asking
from system.emulated.installed import UNIT, Installed
from system.emulated.machine import EmulatedPi
from system.emulated.power import BATCH_SECONDS
from system.emulated.scenario import Figures

_PIPELINE = "/usr/share/libcamera/pipeline/virtual/virtual.yaml"
IMPATIENT = """\
[camera.recovery]
attempts = 1
first_delay_seconds = 1
probe_seconds = 1
"""
# ptrace(2): hold one thread of a process, as a driver that hangs does, until it is gone.
_HOLD = """
import ctypes, os, pathlib, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
tasks = pathlib.Path(f"/proc/{sys.argv[1]}/task")
held = [int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == sys.argv[2]]
assert held, [(t / "comm").read_text() for t in tasks.iterdir()]
for thread in held:
    for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT
        assert libc.ptrace(request, thread, None, None) == 0, ctypes.get_errno()
ALL, WITHOUT_WAITING = 0x40000000, 1
try:
    while True:  # what has died must be taken note of, or its process never ends
        os.waitpid(-1, ALL | WITHOUT_WAITING)
        time.sleep(0.2)
except ChildProcessError:
    pass
"""
# adjtimex(2), struct timex: say that a time service has set the clock.
_SYNCHRONISE = """
import ctypes, struct
ADJ_MAXERROR, ADJ_ESTERROR, ADJ_STATUS = 4, 8, 16
buffer = ctypes.create_string_buffer(256)
struct.pack_into("=I4xqqqqi", buffer, 0, ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS, 0, 0, 0, 0, 0)
assert ctypes.CDLL(None, use_errno=True).adjtimex(buffer) == 0, ctypes.get_errno()
"""
_FILL = """\
cd /srv
fallocate --length $(($(df --output=avail -k . | tail -1) - 2048))K full
dd if=/dev/zero of=rest bs=4k 2>/dev/null
test $(df --output=avail -k . | tail -1) = 0
"""
_DAY_SECONDS = 86_400


def camera_stalls(machine: Installed, folder: Path) -> Figures:
    """The camera is unplugged, and plugged in again; then its own thread hangs."""
    with machine.pi(folder) as pi:
        asking.configure(pi, IMPATIENT)
        pi.run("mv", _PIPELINE, "/root/unplugged.yaml")
        pi.run("systemctl", "restart", "--no-block", UNIT)
        state, _ = asking.until(pi, "degraded", lambda: asking.camera(pi, "degraded"))
        assert "no camera" in state["reason"], state
        pi.run("mv", "/root/unplugged.yaml", _PIPELINE)
        again = asking.new_visit(pi, after=len(pi.said()))
        process = asking.running(pi)["pid"]
        before = len(pi.said())
        hold = ("systemd-run", "--collect", "/usr/bin/python3", "-c", _HOLD)
        pi.run(*hold, str(process), "VirtualCamera")
        _hears(pi, "gave no frame for", after=before)
        _hears(pi, f"{UNIT}: Main process exited, code=exited, status=11", after=before)
        back = asking.new_visit(pi, after=len(pi.said()))
    return {
        "plugged_in_to_next_visit_seconds": round(again, 1),
        "stall_to_next_visit_seconds": round(back, 1),
    }


def disk_full(machine: Installed, folder: Path) -> Figures:
    """The service starts on a full disk, counts on in memory, and writes when there is room."""
    with machine.pi(folder) as pi:
        pi.run("systemctl", "stop", UNIT)
        earlier = len(asking.stored(pi))
        pi.run("sh", "-c", _FILL)
        before = len(pi.said())
        pi.run("systemctl", "start", UNIT)
        asking.new_visit(pi, after=before)
        held, _ = asking.until(pi, "visits held", lambda: _store(pi, ok=False))
        assert held["held"] >= 1, held
        assert pi.run("passerby", "capture", check=False).returncode in (0, 3, 4)
        pi.run("rm", "/srv/full", "/srv/rest")
        written, seconds = asking.until(pi, "writing again", lambda: _store(pi, ok=True))
        told = asking.identities(asking.visits(pi.said()[before:]))
        pi.run("systemctl", "stop", UNIT)
        told |= asking.identities(asking.visits(pi.said()[before:]))
        kept = {row[0] for row in asking.stored(pi)}
        assert told <= kept, f"{len(told - kept)} of {len(told)} visits are lost"
        assert not written["dropped"], written
    return {
        "visits_before": earlier,
        "visits_held_at_first_look": held["held"],
        "visits_while_full_and_after": len(told),
        "room_to_writing_seconds": round(seconds, 1),
    }


def read_only_root(machine: Installed, folder: Path) -> Figures:
    """Booted with its root read-only and its state in memory: it counts, and nothing is written."""
    with machine.pi(folder) as pi:
        pi.run("systemctl", "stop", UNIT)
        pi.write("/etc/fstab", "tmpfs /var/lib/passerby tmpfs mode=0755\n")
        pi.run("sync")
        after = len(pi.said())
        pi.pull_plug()
        pi.command_line = "ro"
        pi.power_on()
        assert pi.run("touch", "/etc/probe", check=False).returncode
        at_boot = pi.monitor.written_bytes()  # the file system has played back its journal
        asking.new_visit(pi, after=after)
        stored, _ = asking.until(pi, "stored", lambda: asking.stored(pi))
        shown = pi.show(UNIT, "ActiveState", "NRestarts")
        assert shown == {"ActiveState": "active", "NRestarts": "0"}, shown
        written = pi.monitor.written_bytes() - at_boot
        assert written == 0, f"{written} bytes were written to a read-only disk"
    return {"visits_stored_in_memory": len(stored), "bytes_written": written}


def clock_jumps(machine: Installed, folder: Path) -> Figures:
    """A day forward, two back, then synchronised: no visit is lost, and order is kept."""
    with machine.pi(folder) as pi:
        process = asking.running(pi)["pid"]
        for days in (1, -2):
            now = float(pi.run("date", "+%s").stdout)
            pi.run("date", "--set", f"@{now + days * _DAY_SECONDS:.0f}")
            asking.new_visit(pi, after=len(pi.said()))
        # The host's clock is the true one.
        pi.run("date", "--set", f"@{time.time():.0f}")
        pi.run("/usr/bin/python3", "-c", _SYNCHRONISE)
        after = len(pi.said())
        asking.new_visit(pi, after=after)
        last = asking.identities(asking.visits(pi.said()[after:]))
        asking.until(pi, "the last stored", lambda: last & {row[0] for row in asking.stored(pi)})
        rows, told = asking.stored(pi), asking.visits(pi.said())
        assert asking.status(pi)["pid"] == process, "it was restarted"
        ends = [row[2] for row in rows]
        assert ends == sorted(ends), "the order is not that of the visits"
        sources = {row[4] for row in rows}
        assert sources <= {"synchronised", "reckoned"}, sources
        now, up = time.time(), asking.uptime(pi)
        worst = max(abs(row[3] - (now - up + row[2])) for row in rows)
        assert worst < 30, f"a wall time is {worst:.0f} s off"
        due = up - BATCH_SECONDS - 30
        older = asking.identities([one for one in told if one["told"] < due])
        lost = older - {row[0] for row in rows}
        assert not lost, f"{len(lost)} visits are lost"
    return {"visits_stored": len(rows), "worst_wall_time_error_seconds": round(worst, 1)}


def _hears(pi: EmulatedPi, words: str, *, after: int) -> None:
    """Wait for words on the serial line beyond its first `after` letters."""
    asking.until(pi, words, lambda: words in pi.said()[after:])


def _store(pi: EmulatedPi, *, ok: bool) -> dict[str, Any]:
    """What the status says of the store, if it fares so."""
    told = asking.status(pi).get("sinks", {}).get("store", {})
    return dict(told) if told.get("ok") is ok else {}
