# SPDX-License-Identifier: Apache-2.0
"""scripts/install and scripts/deploy, on a machine that is theirs."""

import shutil
from pathlib import Path

import pytest

from system.conftest import UNIT, Pi
from system.machine import ROOT, Machine

CURRENT = "/opt/passerby/current"


def install(machine: Machine, *words: str) -> tuple[int, str]:
    """Run the checkout's own scripts/install in the machine."""
    done = machine.run("bash", "/srv/checkout/scripts/install", *words, check=False)
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def checkout(machine: Machine) -> Machine:
    """The bare machine with scripts and units of the checkout."""
    for name in ("scripts", "systemd"):
        machine.copy(ROOT / name, "/srv/checkout")
    return machine


def with_python(machine: Machine, body: str) -> tuple[int, str]:
    """Install where /usr/bin/python3 is a shell script."""
    machine.write("/srv/python3", f"#!/bin/sh\n{body}\n", mode="755")
    machine.run("mount", "--bind", "/srv/python3", "/usr/bin/python3")
    try:
        return install(machine)
    finally:
        machine.run("umount", "/usr/bin/python3")


def test_a_32_bit_system_is_told_what_to_do(checkout: Machine) -> None:
    status, said = with_python(checkout, "echo 32")
    assert status == 21
    assert "32-bit" in said
    assert "Raspberry Pi OS Lite (64-bit)" in said


def test_a_wrong_python_is_told_what_to_do(checkout: Machine) -> None:
    body = (
        'case "$*" in *calcsize*) echo 64 ;; *version_info*) exit 1 ;; *) echo Python 3.9.2 ;; esac'
    )
    status, said = with_python(checkout, body)
    assert status == 21
    assert "Python 3.9.2 found, expected 3.11 to 3.13" in said


def test_a_missing_group_is_told_what_to_do(checkout: Machine) -> None:
    checkout.run("sh", "-c", "grep -v ^video: /etc/group > /srv/group")
    checkout.run("mount", "--bind", "/srv/group", "/etc/group")
    try:
        status, said = install(checkout)
    finally:
        checkout.run("umount", "/etc/group")
    assert status == 2
    assert "groupadd --system video" in said


@pytest.mark.parametrize("words", [("--frobnicate",), ("--wheels",), ("--classifier", "nobody")])
def test_words_that_are_not_understood(checkout: Machine, words: tuple[str, ...]) -> None:
    assert install(checkout, *words)[0] != 0
    assert checkout.run("test", "-e", "/opt/passerby", check=False).returncode == 1


def test_deploying_checks_and_starts(pi: Pi) -> None:
    assert "all is right" in pi.deployed.stdout
    assert f"{UNIT} runs" in pi.deployed.stdout
    assert pi.machine.show(UNIT, "UnitFileState")["UnitFileState"] == "enabled"
    groups = pi.machine.run("id", "-nG", "passerby").stdout.split()
    assert sorted(groups) == ["passerby", "video"]
    # Nothing is left of what was copied over.
    assert pi.machine.run("sh", "-c", "ls -d /tmp/passerby.*", check=False).stdout == ""


def test_the_release_sees_the_packages_of_the_system(pi: Pi) -> None:
    """picamera2 comes from Debian alone; a numpy of Debian is used as it is, never shadowed."""
    said = pi.machine.run("cat", f"{CURRENT}/venv/pyvenv.cfg").stdout
    assert "include-system-site-packages = true" in said
    code = "import sys; print(*sys.path, sep='\\n')"
    paths = pi.machine.run(f"{CURRENT}/venv/bin/python", "-c", code).stdout
    assert "/usr/lib/python3/dist-packages" in paths.splitlines()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the checkout, to be spoiled."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("device", "training", "scripts", "systemd", "models"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tree)
    (tree / ".venv-workstation").symlink_to(ROOT / ".venv-workstation")
    return tree


def test_a_release_that_passes_its_check_and_does_not_start_is_taken_back(
    pi: Pi, tree: Path
) -> None:
    before = pi.machine.run("readlink", "-f", CURRENT).stdout
    running = pi.machine.show(UNIT, "MainPID")
    run = tree / "device/verbs/run.py"
    words = "    from device.app import open_daemon  # noqa: PLC0415  loads numpy and the runtime\n"
    assert words in run.read_text()
    run.write_text(run.read_text().replace(words, '    raise SystemExit("spoiled")\n'))
    done = pi.script("deploy", "deploy", "--offline", at=tree)
    assert "all is right" in done.stdout
    assert done.returncode == 71, done.stderr
    assert "spoiled" in done.stderr
    assert f"taken back: {before.strip()} runs" in done.stderr
    assert pi.machine.run("readlink", "-f", CURRENT).stdout == before
    assert len(pi.machine.run("ls", "/opt/passerby/releases").stdout.split()) == 1
    pi.machine.wait("passerby", "status", "--json", until='"error": null')
    assert pi.machine.show(UNIT, "ActiveState")["ActiveState"] == "active"
    assert pi.machine.show(UNIT, "MainPID") != running


def test_a_release_that_fails_its_check_is_taken_back(pi: Pi, tree: Path) -> None:
    before = pi.machine.run("readlink", "-f", CURRENT).stdout
    running = pi.machine.show(UNIT, "MainPID")
    model = tree / "models/default/model.tflite"
    model.write_bytes(model.read_bytes()[:-1] + b"\0\0")
    done = pi.script("deploy", "deploy", "--offline", at=tree)
    assert done.returncode == 70
    assert "bundle default" in done.stdout
    assert "stays in force" in done.stderr
    assert pi.machine.run("readlink", "-f", CURRENT).stdout == before
    assert pi.machine.show(UNIT, "MainPID") == running
    assert len(pi.machine.run("ls", "/opt/passerby/releases").stdout.split()) == 1


def test_a_host_that_is_not_there_is_an_error(pi: Pi) -> None:
    assert pi.script("deploy", "nobody@pi").returncode == 255


def test_a_bundle_of_ones_own_is_taken_along_and_named(pi: Pi, tmp_path: Path) -> None:
    mine = shutil.copytree(ROOT / "models/default", tmp_path / "mine")
    done = pi.script("deploy", "deploy", "--offline", "--bundle", str(mine))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok    bundle mine: " in done.stdout
    settings = pi.machine.run("cat", "/etc/passerby/passerby.toml").stdout
    assert settings.endswith('\n[models]\nclassifier = "mine"\n')
    status = pi.machine.run("passerby", "config", "show").stdout
    assert 'classifier = "mine"' in status
    done = pi.script("deploy", "deploy", "--bundle", str(tmp_path))
    assert done.returncode == 20
    assert "no bundle.json there" in done.stderr
