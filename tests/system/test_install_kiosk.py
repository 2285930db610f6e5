# SPDX-License-Identifier: Apache-2.0
"""What an installation does about a kiosk's screen and the login prompt that was on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from system.conftest import SETTINGS, UNIT, Pi, login_prompt
from system.machine import Machine
from system.test_deploy import CURRENT
from system.test_deploy import tree as tree  # noqa: PLC0414  a fixture
from system.test_kiosk_service import DISPLAY, KIOSK, SCREEN
from system.test_kiosk_service import screen as screen  # noqa: PLC0414  a fixture

# Outlasts a stop, unlike the run directory.
LATER = "/var/lib/passerby/later"
WAITS = f"installed; {KIOSK} waits for its screen: plug it in, and it comes up by itself"


@pytest.fixture
def unplugged(screen: Machine) -> Iterator[Machine]:
    """The machine with a terminal, without a screen, headless; it is headless in the end."""
    settings = SETTINGS + DISPLAY.replace(SCREEN, f"{LATER}/screen")
    screen.write("/etc/passerby/passerby.toml", settings)
    yield screen
    screen.run("systemctl", "disable", "--now", KIOSK)
    screen.run("systemctl", "enable", UNIT)
    screen.run("rm", "-rf", LATER)


def impatient(tree: Path) -> None:
    """Let the tree's kiosk look for its screen for a second in each life, not for a minute."""
    change(tree / "device/displays/appearing.py", "SCREEN_SECONDS = 60.0", "SCREEN_SECONDS = 1.0")


def change(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def current(machine: Machine) -> str:
    return machine.run("readlink", "-f", CURRENT).stdout


def test_a_kiosk_waits_for_its_screen_and_gives_the_login_prompt_back(
    pi: Pi, unplugged: Machine, tree: Path
) -> None:
    before = current(unplugged)
    prompt = login_prompt(unplugged)
    unplugged.run("systemctl", "start", prompt)
    impatient(tree)
    done = pi.script("deploy", "deploy", "--offline", "--kiosk", at=tree)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith(WAITS)
    release = current(unplugged)
    assert release != before
    shown = unplugged.show(KIOSK, "UnitFileState", "ActiveState")
    assert shown == {"UnitFileState": "enabled", "ActiveState": "activating"}
    unplugged.run("install", "-d", "-o", "passerby", LATER)
    unplugged.wait("systemctl", "show", KIOSK, "--property=SubState", until="=running")

    # The screen is there: a release that does not find it is at fault.
    screen = tree / "device/displays/framebuffer.py"
    change(screen, "handle = self._open()", 'raise OSError("spoiled")')
    done = pi.script("deploy", "deploy", "--offline", at=tree)
    assert done.returncode == 71, done.stdout + done.stderr
    assert done.stderr.rstrip().endswith(f"taken back: {release.strip()} runs")
    assert current(unplugged) == release
    assert unplugged.show(prompt, "ActiveState") == {"ActiveState": "inactive"}

    done = pi.script("deploy", "deploy", "--offline", "--headless")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{UNIT} runs" in done.stdout
    unplugged.wait(
        "systemctl", "show", prompt, "--property=ActiveState", until="=active", seconds=5
    )
    unplugged.run("systemctl", "disable", "--now", prompt)
