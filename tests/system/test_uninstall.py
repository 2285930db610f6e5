# SPDX-License-Identifier: Apache-2.0
"""scripts/uninstall leaves a machine as it was, but for what was counted unless that is wanted.

Comes after the other tests of the machine: there is no service on it any more.
"""

from system.conftest import UNIT, Pi
from system.machine import ROOT

SCRIPT = "/usr/local/lib/passerby/uninstall"
STATE = "/var/lib/passerby"
OWN = ("/boot", "/etc", "/opt", "/usr", "/var")


def left(pi: Pi) -> list[str]:
    """What a search of the machine's own folders finds of Passerby; checkouts lie elsewhere."""
    words = ["find", *OWN, "-xdev", "-path", str(ROOT), "-prune", "-o", "-iname", "*passerby*"]
    return sorted(pi.machine.run(*words, "-print", check=False).stdout.splitlines())


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
