# SPDX-License-Identifier: Apache-2.0
"""scripts/uninstall leaves a machine as it was, but for what was counted unless that is wanted.

Comes after the other tests of the machine: there is no service on it any more.
"""

import subprocess

from system.conftest import UNIT, Pi
from system.machine import ROOT

SCRIPT = "/usr/local/lib/passerby/uninstall"
STATE = "/var/lib/passerby"


def left(pi: Pi) -> list[str]:
    """What a search of the whole machine finds of Passerby that its host, on whose files it was
    started, has not: there are checkouts there.
    """
    elsewhere = "( -path /tmp -o -path /srv -o -path /proc -o -path /sys ) -prune"
    words = ["find", "/", "-xdev", *elsewhere.split(), "-o", "-iname", "*passerby*", "-print"]
    found = pi.machine.run(*words, check=False).stdout
    host = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return sorted(set(found.splitlines()) - set(host.splitlines()))


def test_results_are_kept_without_anybody_to_ask_and_deleted_on_demand(pi: Pi) -> None:
    pi.machine.copy(ROOT / "scripts", "/srv")
    pi.machine.run("systemctl", "restart", UNIT)
    pi.machine.wait("ls", STATE, until="visits.db")
    said = pi.machine.run(SCRIPT).stdout
    assert "stay" in said
    assert pi.machine.run("systemctl", "is-active", UNIT, check=False).returncode
    assert pi.machine.run("id", "passerby").returncode == 0
    assert left(pi) == ["/etc/passerby", "/etc/passerby/passerby.toml", STATE]
    said = pi.machine.run("bash", "/srv/scripts/uninstall", "--yes").stdout
    assert "with all that was counted" in said
    assert left(pi) == []
    assert pi.machine.run("id", "passerby", check=False).returncode == 1
