# SPDX-License-Identifier: Apache-2.0
"""The emulated Pi with Passerby deployed onto it over SSH, saved as it runs.

What is saved is the whole machine: its memory and processors in one file, its disk in another, so
that each scenario goes on from the same moment without a boot.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from system.emulated.cache import key, made
from system.emulated.image import Image, image
from system.emulated.machine import EmulatedPi
from system.machine import ROOT

UNIT = "passerby.service"
_DEPLOY_SECONDS = 2400
_SOURCES = ("device", "training", "models", "systemd", "scripts", "pyproject.toml", "README.md")
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Installed:
    """A machine saved while its service runs, and how it came to be."""

    image: Image
    disk: Path
    state: Path
    serial: Path
    figures: dict[str, float]

    def pi(self, folder: Path, *, boot: bool = False, command_line: str = "") -> EmulatedPi:
        """Such a machine with a folder of its own, as it was saved or freshly booted."""
        state = None if boot else self.state
        return EmulatedPi(
            folder, image=self.image, disk=self.disk, state=state, command_line=command_line
        )


def installed() -> Installed:
    """The saved machine, made where the cache has none of this very checkout."""
    base = image()
    parts = [ROOT / name for name in _SOURCES]
    own = [_HERE / name for name in ("installed.py", "machine.py", "qmp.py")]
    made_of = key(base.disk.parent.name, *parts, *own)
    path = made("installed", made_of, lambda folder: _make(base, folder))
    figures = json.loads((path / "figures.json").read_text())
    return Installed(base, path / "disk.qcow2", path / "state", path / "serial.log", figures)


def _make(base: Image, folder: Path) -> None:
    figures = {}
    began = time.monotonic()
    with EmulatedPi(folder / "machine", image=base) as pi:
        figures["first_boot_to_ssh_seconds"] = time.monotonic() - began
        # As the first visit is told over the serial line, so that nothing else has to wait for it.
        began = time.monotonic()
        deploy(pi, "--offline")
        figures["deploy_seconds"] = time.monotonic() - began
        first_visit(pi)
        figures["deploy_to_first_visit_seconds"] = time.monotonic() - began
        pi.run("sync")
        pi.monitor.save(folder / "state")
    shutil.move(folder / "machine/disk.qcow2", folder / "disk.qcow2")
    shutil.move(folder / "machine/serial.log", folder / "serial.log")
    (folder / "figures.json").write_text(json.dumps(figures, indent=1))


def deploy(pi: EmulatedPi, *words: str) -> str:
    """Run scripts/deploy of the checkout with an ssh that reaches the machine; what it said."""
    with tempfile.TemporaryDirectory(prefix="pi-") as folder:
        ssh = Path(folder) / "ssh"
        ssh.write_text('#!/bin/sh\nexec {} "$@"\n'.format(" ".join(pi.ssh_words())))
        ssh.chmod(0o755)
        real = Path(shutil.which("ssh") or "/usr/bin/ssh").parent
        ssh.write_text(ssh.read_text().replace("exec ssh", f"exec {real}/ssh"))
        done = subprocess.run(
            [str(ROOT / "scripts/deploy"), "pi", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEPLOY_SECONDS,
            env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"scripts/deploy ended with {done.returncode}: {said}"
    return said


def first_visit(pi: EmulatedPi, *, after: int = 0) -> str:
    """The first visit told over the serial line beyond its first `after` letters."""
    deadline = time.monotonic() + pi.patience
    while '"event":"visit"' not in (said := pi.said()[after:]):
        assert time.monotonic() < deadline, f"no visit: {said[-3000:]}"
        time.sleep(0.2)
    return next(line for line in said.splitlines() if '"event":"visit"' in line)
