# SPDX-License-Identifier: Apache-2.0
"""What a release that fails leaves behind: all that was there before, and true words about it."""

from pathlib import Path

from system.conftest import UNIT, Pi, login_prompt
from system.machine import Machine
from system.test_deploy import CURRENT, install
from system.test_deploy import checkout as checkout  # noqa: PLC0414  a fixture
from system.test_deploy import tree as tree  # noqa: PLC0414  a fixture

KIOSK = "passerby-kiosk.service"
START = "ExecStart=/opt/passerby/current/venv/bin/passerby run"
#: Ends by signal 11, which is no exit status 11: that one tells of a lost camera.
CRASHES = '/bin/sh -c "kill -SEGV $$$$"'


def spoil(tree: Path, unit: str, command: str = "/bin/false") -> None:
    """Let a unit of the tree start a command that fails."""
    path = tree / "systemd" / unit
    assert START in path.read_text()
    path.write_text(path.read_text().replace(START, f"ExecStart={command} "))


def test_a_unit_that_does_not_start_is_taken_back_with_its_release(pi: Pi, tree: Path) -> None:
    before = pi.machine.run("cat", f"/etc/systemd/system/{UNIT}").stdout
    spoil(tree, UNIT, CRASHES)
    done = pi.script("deploy", "deploy", "--offline", at=tree)
    assert done.returncode == 71, done.stdout + done.stderr
    assert "taken back: /opt/passerby/releases/" in done.stderr
    assert done.stderr.rstrip().endswith(" runs")
    assert pi.machine.run("cat", f"/etc/systemd/system/{UNIT}").stdout == before
    assert pi.machine.show(UNIT, "ActiveState")["ActiveState"] == "active"
    assert "SEGV" not in pi.machine.show(UNIT, "ExecStart")["ExecStart"]


def test_a_kiosk_that_does_not_start_leaves_the_service_that_ran(pi: Pi, tree: Path) -> None:
    prompt = login_prompt(pi.machine)
    pi.machine.run("systemctl", "start", prompt)
    spoil(tree, KIOSK)
    done = pi.script("deploy", "deploy", "--offline", "--kiosk", at=tree)
    assert done.returncode == 71, done.stdout + done.stderr
    assert done.stderr.rstrip().endswith(" runs")
    for unit, state in ((UNIT, "enabled"), (KIOSK, "disabled")):
        assert pi.machine.show(unit, "UnitFileState")["UnitFileState"] == state
    assert pi.machine.show(UNIT, "ActiveState")["ActiveState"] == "active"
    assert f"Stopped {prompt}" in pi.machine.journal(prompt)
    pi.machine.wait(
        "systemctl", "show", prompt, "--property=ActiveState", until="=active", seconds=5
    )
    pi.machine.run("systemctl", "disable", "--now", prompt)


def test_an_update_keeps_the_service_that_is_enabled(pi: Pi) -> None:
    """A kiosk stays one, though nobody says so again."""
    pi.machine.run("systemctl", "disable", UNIT)
    pi.machine.run("systemctl", "enable", KIOSK)
    try:
        done = pi.script("deploy", "deploy", "--offline", "--no-start")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"systemctl enable --now {KIOSK}" in done.stdout
        done = pi.script("deploy", "deploy", "--offline", "--no-start", "--headless")
        assert f"systemctl enable --now {UNIT}" in done.stdout
    finally:
        pi.machine.run("systemctl", "disable", KIOSK)
        pi.machine.run("systemctl", "enable", UNIT)


def test_a_first_installation_that_failed_is_no_release_to_go_back_to(pi: Pi, tree: Path) -> None:
    spoil(tree, UNIT)
    pi.machine.run("systemctl", "stop", UNIT)
    pi.machine.run("mv", "/opt/passerby", "/opt/aside")
    pi.machine.run("mkdir", "-p", "/opt/passerby/releases")
    try:
        done = pi.script("deploy", "deploy", "--offline", at=tree)
        assert done.returncode == 71, done.stdout + done.stderr
        assert f"installed, but {UNIT} does not start" in done.stderr
        pi.machine.run("test", "-x", f"{CURRENT}/venv/bin/passerby")
    finally:
        pi.machine.run("rm", "-r", "/opt/passerby")
        pi.machine.run("mv", "/opt/aside", "/opt/passerby")
        pi.machine.run("cp", f"{CURRENT}/systemd/{UNIT}", f"/etc/systemd/system/{UNIT}")
        pi.machine.run("systemctl", "daemon-reload")
        pi.machine.run("systemctl", "reset-failed", UNIT)
        pi.machine.run("systemctl", "start", UNIT)


def test_a_numpy_that_hides_the_system_s_is_told_of(checkout: Machine) -> None:
    """As pip leaves one beside Debian's, for which Debian's picamera2 was built."""
    name = 'import sys; print("/usr/local/lib/python%d.%d/dist-packages" % sys.version_info[:2])'
    local = checkout.run("/usr/bin/python3", "-c", name).stdout.strip()
    versions = {"/usr/lib/python3/dist-packages": "1.24.2", local: "2.3.5"}
    for folder, version in versions.items():
        checkout.run("mount", "-t", "tmpfs", "tmpfs", folder)
        about = f"Metadata-Version: 2.1\nName: numpy\nVersion: {version}\n"
        checkout.write(f"{folder}/numpy-{version}.dist-info/METADATA", about)
    try:
        status, said = install(checkout)
    finally:
        for folder in versions:
            checkout.run("umount", folder)
    assert status == 21
    assert f"numpy 2.3.5 in {local} hides Debian's 1.24.2" in said
    assert "sudo pip uninstall --break-system-packages numpy" in said
