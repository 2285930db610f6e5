# SPDX-License-Identifier: Apache-2.0
"""The deployed service under the real systemd, in the real unit's whole sandbox."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from system.conftest import UNIT, Pi
from system.machine import Machine

# The unit's own would only make the tests wait; each is shown to be the unit's in test_units.
IMPATIENT = "[Service]\nWatchdogSec=3\nRestartSec=100ms\n"


def visits(journal: str) -> list[dict[str, Any]]:
    lines = [line for line in journal.splitlines() if line.startswith("{")]
    return [event for event in map(json.loads, lines) if event["event"] == "visit"]


def main_process(machine: Machine) -> str:
    return machine.show(UNIT, "MainPID")["MainPID"]


def status(machine: Machine) -> dict[str, Any]:
    return dict(json.loads(machine.run("passerby", "status", "--json").stdout))


def wait_frames(machine: Machine, more_than: int = 0) -> dict[str, Any]:
    """The status of the present process once it has looked at more frames."""
    machine.wait("passerby", "status", "--json", until='"error": null')
    while (told := status(machine))["frames"] <= more_than:
        pass
    return told


@pytest.fixture
def impatient(pi: Pi) -> Machine:
    """The machine, whose unit waits for nothing longer than a test wants to."""
    pi.machine.write(f"/run/systemd/system/{UNIT}.d/impatient.conf", IMPATIENT)
    pi.machine.run("systemctl", "daemon-reload")
    pi.machine.run("systemctl", "restart", UNIT)
    return pi.machine


def test_it_is_ready_and_tells_the_first_visit(
    pi: Pi, record_testsuite_property: Callable[[str, object], None]
) -> None:
    moments = ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    shown = pi.machine.show(UNIT, "ActiveState", "InvocationID", *moments)
    assert shown.pop("ActiveState") == "active"
    # Of this life alone: others on the same machine had no camera, and said so.
    life = f"_SYSTEMD_INVOCATION_ID={shown.pop('InvocationID')}"
    began, ready = sorted(int(moment) for moment in shown.values())
    record_testsuite_property("service_start_to_ready_seconds", (ready - began) / 1e6)
    words = ("journalctl", life, "--no-pager", "--output", "cat")
    journal = pi.machine.wait(*words, until='"event":"visit"')
    first = visits(journal)[0]
    assert first["perceived_gender"] in ("female", "male", "unsure")
    assert first["ended"]["boot_id"]
    assert "WARNING" not in journal
    assert "ERROR" not in journal


def test_the_kernel_holds_it_to_its_sandbox(pi: Pi) -> None:
    process = main_process(pi.machine)
    said = pi.machine.run("cat", f"/proc/{process}/status").stdout
    told = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    user, video = (
        pi.machine.run("getent", *key).stdout.split(":")[2]
        for key in (("passwd", "passerby"), ("group", "video"))
    )
    assert set(told["Uid"].split()) == {user}
    assert video in told["Groups"].split()
    assert told["NoNewPrivs"] == "1"
    assert told["Seccomp"] == "2"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(told[kind], 16) == 0
    links = pi.machine.run("cat", f"/proc/{process}/net/dev").stdout
    assert [line.split(":")[0].strip() for line in links.splitlines()[2:]] == ["lo"]
    inside = ("nsenter", "-t", process, "-m", "-r", "runuser", "-u", "passerby", "--")
    for place in ("/usr", "/etc", "/opt/passerby", "/var/lib", "/home", "/root"):
        assert pi.machine.run(*inside, "test", "-w", place, check=False).returncode, place
    # The check can fail: these may be written.
    for place in ("/var/lib/passerby", "/run/passerby", "/tmp"):  # noqa: S108  its own
        pi.machine.run(*inside, "test", "-w", place)


def test_the_kernel_still_tells_whether_the_clock_is_right(pi: Pi) -> None:
    """Inside the sandbox as outside of it; time services other than systemd's leave no file."""
    code = "from device.clock import SystemClock; print(SystemClock().stamp().clock_synchronised)"
    outside = pi.machine.run("/opt/passerby/current/venv/bin/python", "-c", code).stdout
    inside = status(pi.machine)["clock"]["clock_synchronised"]
    assert outside.strip() == str(inside)


def test_the_watchdog_ends_a_hung_daemon_and_it_comes_back(impatient: Machine) -> None:
    before = wait_frames(impatient)["pid"]
    impatient.run("kill", "-STOP", main_process(impatient))
    impatient.wait("journalctl", "--unit", UNIT, "--no-pager", until="Watchdog timeout")
    impatient.wait("systemctl", "show", UNIT, "--property=NRestarts", until="NRestarts=1")
    assert wait_frames(impatient)["pid"] != before


HANGING = """
import time
from device.cameras.replay import ReplayCamera
ReplayCamera.__enter__ = lambda self: time.sleep(3600)
"""


def test_the_watchdog_ends_a_camera_that_never_opens_and_the_next_life_knows(
    impatient: Machine,
) -> None:
    impatient.write("/srv/hanging/sitecustomize.py", HANGING)
    unit = f"/run/systemd/system/{UNIT}.d/hanging.conf"
    impatient.write(unit, "[Service]\nEnvironment=PYTHONPATH=/srv/hanging\n")
    impatient.run("systemctl", "daemon-reload")
    impatient.run("systemctl", "restart", UNIT)
    impatient.wait("journalctl", "--unit", UNIT, "--no-pager", until="Watchdog timeout")
    impatient.wait_journal(UNIT, "the camera is lost (camera-stalled, 1 times)")
    impatient.run("rm", unit)
    impatient.run("systemctl", "daemon-reload")
    impatient.run("systemctl", "restart", UNIT)
    wait_frames(impatient)


def test_a_killed_daemon_comes_back(impatient: Machine) -> None:
    before = wait_frames(impatient)["pid"]
    impatient.run("kill", "-KILL", main_process(impatient))
    impatient.wait("systemctl", "show", UNIT, "--property=NRestarts", until="NRestarts=1")
    assert wait_frames(impatient)["pid"] != before


def test_faults_that_no_restart_heals_are_left_alone(impatient: Machine) -> None:
    impatient.write("/etc/passerby/broken.toml", "[camera]\nsource = 'telescope'\n")
    unit = f"/run/systemd/system/{UNIT}.d/broken.conf"
    impatient.write(unit, "[Service]\nEnvironment=PASSERBY_SETTINGS=/etc/passerby/broken.toml\n")
    impatient.run("systemctl", "daemon-reload")
    impatient.run("systemctl", "restart", UNIT, check=False)
    shown = impatient.show(UNIT, "ActiveState", "ExecMainStatus", "NRestarts")
    assert shown == {"ActiveState": "failed", "ExecMainStatus": "30", "NRestarts": "0"}
    assert "camera.source" in impatient.journal(UNIT)
    impatient.run("rm", unit)
    impatient.run("systemctl", "daemon-reload")
    impatient.run("systemctl", "restart", UNIT)


def test_it_stops_in_good_order(pi: Pi) -> None:
    wait_frames(pi.machine, 5)
    pi.machine.run("systemctl", "stop", UNIT)
    shown = pi.machine.show(UNIT, "Result", "ExecMainStatus", "ActiveState")
    assert shown == {"Result": "success", "ExecMainStatus": "0", "ActiveState": "inactive"}
    assert "stopped after" in pi.machine.journal(UNIT)
    assert pi.machine.run("test", "-e", "/run/passerby", check=False).returncode
    pi.machine.run("systemctl", "start", UNIT)


def test_it_runs_on_a_read_only_root(pi: Pi) -> None:
    """All that is written is below the state and the run directory."""
    run = pi.machine.run
    run("systemctl", "stop", UNIT)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/lib/passerby")
    run("mount", "-o", "remount,ro", "/")
    try:
        assert run("touch", "/etc/probe", check=False).returncode
        seen = len(visits(pi.machine.journal(UNIT)))
        run("systemctl", "start", UNIT)
        wait_frames(pi.machine, 5)
        while len(visits(pi.machine.journal(UNIT))) == seen:
            wait_frames(pi.machine)
        run("systemctl", "stop", UNIT)
        report = json.loads(run("passerby", "report", "--json").stdout)
        assert report["total"]["total"] >= 1
        assert status_of_unit(pi.machine) == "success"
    finally:
        run("mount", "-o", "remount,rw", "/")
        run("umount", "/var/lib/passerby")
        run("systemctl", "start", UNIT)


def status_of_unit(machine: Machine) -> str:
    return machine.show(UNIT, "Result")["Result"]


def test_the_doctor_finds_the_machine_well(pi: Pi) -> None:
    done = pi.machine.run("passerby", "doctor", "--json")
    told = json.loads(done.stdout)
    assert told["ok"]
    found = {one["subject"]: one for one in told["findings"]}
    assert found["groups"]["message"] == "passerby may open cameras, root may ask it"
    assert "golden pictures as recorded" in found["bundle default"]["message"]


def test_the_doctor_lets_a_guest_be_a_guest(pi: Pi) -> None:
    """Who may only ask is told of no fault, though the state is not theirs to write."""
    done = pi.machine.run("runuser", "-u", "pi", "--", "passerby", "doctor")
    assert "FAULT" not in done.stdout
    assert "advice  state_directory: /var/lib/passerby cannot be written" in done.stdout
