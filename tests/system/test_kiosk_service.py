# SPDX-License-Identifier: Apache-2.0
"""The kiosk's unit under the real systemd: its own terminal, its screen, and no other service.

The screen is a file of the framebuffer's size, the terminal a pseudo-terminal in the place of tty1.
"""

from collections.abc import Iterator

import pytest

from system.conftest import SETTINGS, UNIT, Pi
from system.machine import Machine

KIOSK = "passerby-kiosk.service"
SCREEN = "/run/passerby/screen"
WIDTH, HEIGHT, BITS = 320, 240, 32
DISPLAY = f"""
[display]
device = "{SCREEN}"
console = ""
size = "{WIDTH}x{HEIGHT}"
bits = {BITS}
"""
TERMINAL = """
import os, pty, time
master, slave = pty.openpty()
print(os.ttyname(slave), flush=True)
while True:
    os.read(master, 4096)
"""


@pytest.fixture
def screen(pi: Pi) -> Iterator[Machine]:
    """The machine with something like tty1 and a screen, and its headless service running."""
    run = pi.machine.run
    pi.machine.write("/etc/passerby/passerby.toml", SETTINGS + DISPLAY)
    pi.machine.write("/srv/terminal.py", TERMINAL)
    run("systemd-run", "--unit=terminal", "/usr/bin/python3", "/srv/terminal.py")
    words = ("journalctl", "--unit=terminal", "--no-pager", "--output=cat")
    said = pi.machine.wait(*words, until="/dev/pts/")
    name = next(line for line in said.splitlines() if line.startswith("/dev/pts/"))
    run("touch", "/dev/tty1")
    run("mount", "--bind", name, "/dev/tty1")
    run("systemctl", "start", UNIT)
    yield pi.machine
    run("systemctl", "stop", KIOSK, "terminal.service")
    run("umount", "/dev/tty1")
    pi.machine.write("/etc/passerby/passerby.toml", SETTINGS)
    run("systemctl", "restart", UNIT)


def test_a_screen_that_is_plugged_in_later_is_found(screen: Machine) -> None:
    later = "/run/passerby/later"
    settings = SETTINGS + DISPLAY.replace(SCREEN, f"{later}/screen")
    screen.write("/etc/passerby/passerby.toml", settings)
    screen.run("systemctl", "start", "--no-block", KIOSK)
    screen.wait_journal(KIOSK, f"the screen {later}/screen cannot be used")
    assert screen.show(KIOSK, "ActiveState")["ActiveState"] == "activating"
    screen.run("install", "-d", "-o", "passerby", later)
    screen.wait("passerby", "status", "--json", until='"error": null')
    shown = screen.show(KIOSK, "ActiveState", "NRestarts")
    assert shown == {"ActiveState": "active", "NRestarts": "0"}
    screen.run("systemctl", "stop", KIOSK)


def test_the_kiosk_takes_over_and_draws(screen: Machine) -> None:
    screen.start(KIOSK)
    assert screen.show(UNIT, "ActiveState", "Result") == {
        "ActiveState": "inactive",
        "Result": "success",
    }
    screen.wait("passerby", "status", "--json", until='"error": null')
    size = WIDTH * HEIGHT * BITS // 8
    screen.wait("stat", "--format=%s", SCREEN, until=str(size))
    colours = screen.run("sh", "-c", f"od -An -v -tx4 -w4 {SCREEN} | sort -u | wc -l").stdout
    assert int(colours) > 100
    screen.start(UNIT)
    assert screen.show(KIOSK, "ActiveState", "Result") == {
        "ActiveState": "inactive",
        "Result": "success",
    }
