# SPDX-License-Identifier: Apache-2.0
"""One machine of namespaces, with Passerby deployed onto it over SSH as a person would."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from system.machine import ROOT, Door, Machine, NoMachineError

UNIT = "passerby.service"
SETTINGS = """\
state_directory = "/var/lib/passerby"
[camera]
source = "replay"
path = "/srv/doorway.zip"
loop = true
"""
PROMPT = """\
[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""


def login_prompt(machine: Machine) -> str:
    """Enable a stand-in for getty, which waits for a terminal that no namespace has; its unit."""
    name = "getty@tty1.service"
    machine.write(f"/etc/systemd/system/{name}", PROMPT)
    machine.run("systemctl", "enable", name)
    return name


@dataclass(frozen=True, slots=True)
class Pi:
    """A booted machine, its SSH, and what `scripts/deploy` said."""

    machine: Machine
    door: Door
    deployed: subprocess.CompletedProcess[str]

    def script(
        self,
        name: str,
        *words: str,
        at: Path = ROOT,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts of a tree, whose ssh reaches the machine."""
        path = f"{self.door.path}:{os.environ['PATH']}"
        return subprocess.run(
            [str(at / "scripts" / name), *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": path, **(environment or {})},
        )


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A bare machine: systemd, nothing of Passerby."""
    try:
        with Machine(tmp_path_factory.mktemp("machine")) as booted:
            yield booted
    except NoMachineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pi(
    machine: Machine,
    models_directory: Path,
    doorway: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pi:
    """The machine with sshd, user pi, a doorway to watch, and Passerby as deployed."""
    assert models_directory.is_dir()
    door = Door(machine, tmp_path_factory.mktemp("door"))
    key, public = door.key("root")
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", "pi")
    machine.write("/root/.ssh/authorized_keys", public + "\n", mode="600")
    for name in ("root", "pi"):
        door.host("deploy" if name == "root" else name, name, key)
    machine.run("install", "-d", "-o", "pi", "-g", "pi", "-m", "700", "/home/pi/.ssh")
    machine.write("/home/pi/.ssh/authorized_keys", public + "\n")
    machine.run("ssh-keygen", "-A")
    machine.run("systemctl", "start", "ssh.service")
    machine.copy(doorway, "/srv")
    machine.write("/etc/passerby/passerby.toml", SETTINGS)
    made = Pi(machine, door, subprocess.CompletedProcess([], 0, "", ""))
    deployed = made.script("deploy", "deploy", "--offline")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr + machine.journal("*")
    machine.run("usermod", "-aG", "passerby", "pi")
    return Pi(machine, door, deployed)
