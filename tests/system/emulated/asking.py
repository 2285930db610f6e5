# SPDX-License-Identifier: Apache-2.0
"""What the scenarios ask of the emulated Pi, over the serial line, SSH and its own `passerby`."""

import contextlib
import json
import re
import time
from collections.abc import Callable
from typing import Any

from system.emulated.installed import UNIT
from system.emulated.machine import EmulatedPi

PYTHON = "/opt/passerby/current/venv/bin/python"
DATABASE = "/var/lib/passerby/visits.db"
SETTINGS = "/etc/passerby/passerby.toml"
_TOLD = re.compile(r'\[ *([0-9.]+)\] \S+: (\{"event":"visit".*)')
_ROWS = """
import json, sqlite3, sys
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
sound = [row[0] for row in database.execute("PRAGMA integrity_check")]
rows = database.execute("SELECT identity, boot_id, ended_monotonic, ended_wall, time_source"
    " FROM visits ORDER BY id").fetchall()
print(json.dumps([sound, rows]))
"""


def visits(said: str) -> list[dict[str, Any]]:
    """The visits that were told on a serial line, in order; half a line at its end is left out.

    To what the journal says of each, `told` adds when it said so, in seconds since the boot.
    """
    found = []
    for line in said.splitlines():
        if match := _TOLD.search(line):
            with contextlib.suppress(ValueError):
                found.append({**json.loads(match[2]), "told": float(match[1])})
    return found


def identities(told: list[dict[str, Any]]) -> set[str]:
    """The identities of visits."""
    return {one["identity"] for one in told}


def stored(pi: EmulatedPi) -> list[list[Any]]:
    """Every visit in its database, which must be sound.

    Each is identity, boot, end in monotonic and in wall time, and where the latter came from.
    """
    sound, rows = json.loads(pi.run(PYTHON, "-c", _ROWS, DATABASE).stdout)
    assert sound == ["ok"], f"integrity check: {sound}"
    return list(rows)


def status(pi: EmulatedPi) -> dict[str, Any]:
    """What `passerby status` says; empty while nobody answers."""
    done = pi.run("passerby", "status", "--json", check=False)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def camera(pi: EmulatedPi, state: str) -> dict[str, Any]:
    """What the status says of the camera, if it is in that state."""
    told = status(pi).get("camera", {})
    return dict(told) if told.get("state") == state else {}


def captured(pi: EmulatedPi) -> dict[str, Any]:
    """What `passerby capture` answers over SSH once somebody is there."""
    done = pi.run("passerby", "capture", "--json", "--wait-face", "60", check=False)
    assert done.returncode in (0, 4), f"{done.returncode}: {done.stderr}"
    told = dict(json.loads(done.stdout))
    assert told["faces"], told
    return told


def until(
    pi: EmulatedPi, what: str, look: Callable[[], Any], *, patience: float = 0.0
) -> tuple[Any, float]:
    """The first true answer of `look`, and the seconds it took."""
    began = time.monotonic()
    while not (answer := look()):
        waited = time.monotonic() - began
        assert waited < (patience or pi.patience), f"not {what} after {waited:.0f} s: {tail(pi)}"
        time.sleep(0.5)
    return answer, time.monotonic() - began


def new_visit(pi: EmulatedPi, *, after: int) -> float:
    """Seconds until a visit is told over the serial line beyond its first `after` letters."""
    return until(pi, "a visit", lambda: visits(pi.said()[after:]))[1]


def running(pi: EmulatedPi) -> dict[str, Any]:
    """The status once frames come in."""

    def look() -> dict[str, Any]:
        told = status(pi)
        return told if told.get("state") == "running" and told["frames"] > 2 else {}

    answer, _ = until(pi, "running", look)
    return dict(answer)


def configure(pi: EmulatedPi, *sections: str) -> None:
    """Give it the settings of its installation and these sections more, and restart it."""
    first = pi.run("cat", SETTINGS).stdout
    pi.write(SETTINGS, first + "\n" + "\n".join(sections) + "\n")
    pi.run("systemctl", "restart", UNIT)


def show_only(pi: EmulatedPi, name: str, *, unit: str = UNIT) -> None:
    """Let the virtual camera of a unit show one of its pictures alone, and hold no other."""
    pi.run("sh", "-c", f"cd /srv/frames && cp {name} /srv/one.jpg && rm * && mv /srv/one.jpg .")
    pi.run("systemctl", "restart", unit)


def uptime(pi: EmulatedPi) -> float:
    """Seconds since its boot."""
    return float(pi.run("cat", "/proc/uptime").stdout.split()[0])


def tail(pi: EmulatedPi) -> str:
    """The end of the serial line."""
    return pi.said()[-3000:]
