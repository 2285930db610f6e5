# SPDX-License-Identifier: Apache-2.0
"""scripts/uninstall leaves a machine as it was, but for what was counted unless that is wanted.

Comes after the other tests of the machine: there is no service on it any more.
"""

from system.conftest import UNIT, Pi, login_prompt
from system.machine import ROOT

SCRIPT = "/usr/local/lib/passerby/uninstall"
STATE = "/var/lib/passerby"
OWN = ("/boot", "/etc", "/opt", "/usr", "/var")


def left(pi: Pi) -> list[str]:
    """What a search of the machine's own folders finds of Passerby; checkouts lie elsewhere."""
    words = ["find", *OWN, "-xdev", "-path", str(ROOT), "-prune", "-o", "-iname", "*passerby*"]
    return sorted(pi.machine.run(*words, "-print", check=False).stdout.splitlines())


def at_a_terminal(pi: Pi, answer: str) -> str:
    """What the script says to a person who answers its question so."""
    words = ("script", "--quiet", "--return", "--command", "bash /srv/scripts/uninstall")
    return pi.machine.run(*words, "/dev/null", stdin=answer + "\n").stdout


def test_results_are_kept_without_anybody_to_ask_and_deleted_on_demand(pi: Pi) -> None:
    pi.machine.copy(ROOT / "scripts", "/srv")
    pi.machine.run("systemctl", "restart", UNIT)
    pi.machine.wait("ls", STATE, until="visits.db")
    said = pi.machine.run(SCRIPT).stdout
    assert "stay" in said
    assert pi.machine.run("systemctl", "is-active", UNIT, check=False).returncode
    assert pi.machine.run("id", "passerby").returncode == 0
    assert left(pi) == ["/etc/passerby", "/etc/passerby/passerby.toml", STATE]
    for answer in ("", "n", "what?"):
        said = at_a_terminal(pi, answer)
        assert f"Delete the visits and counts in {STATE}" in said
        assert "stay" in said
    assert pi.machine.run("test", "-e", f"{STATE}/visits.db").returncode == 0
    said = pi.machine.run("bash", "/srv/scripts/uninstall", "--yes").stdout
    assert "with all that was counted" in said
    assert left(pi) == []
    assert pi.machine.run("id", "passerby", check=False).returncode == 1


def test_a_person_who_says_yes_is_rid_of_the_results(pi: Pi) -> None:
    pi.machine.copy(ROOT / "scripts", "/srv")
    pi.machine.write(f"{STATE}/visits.db", "")
    said = at_a_terminal(pi, "y")
    assert "with all that was counted" in said
    assert left(pi) == []
    assert "Delete" not in at_a_terminal(pi, "y")  # nothing is left to ask about


def test_a_removed_kiosk_gives_the_login_prompt_back(pi: Pi) -> None:
    prompt = login_prompt(pi.machine)
    pi.machine.copy(ROOT / "scripts", "/srv")
    uninstall = ("bash", "/srv/scripts/uninstall", "--yes")
    pi.machine.run(*uninstall)
    assert pi.machine.show(prompt, "ActiveState") == {"ActiveState": "inactive"}
    kiosk = "/etc/systemd/system/passerby-kiosk.service"
    pi.machine.copy(ROOT / "systemd", "/srv")
    pi.machine.run("cp", "/srv/systemd/passerby-kiosk.service", kiosk)
    pi.machine.run("systemctl", "enable", "passerby-kiosk.service")
    pi.machine.run(*uninstall)
    pi.machine.wait("systemctl", "is-active", prompt, until="active")
    assert pi.machine.show(prompt, "ActiveState") == {"ActiveState": "active"}
    assert left(pi) == []
