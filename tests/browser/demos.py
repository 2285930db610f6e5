# SPDX-License-Identifier: Apache-2.0
"""A Space in a clean environment, and its page served by a process with a home of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from browser.servers import PATIENCE_SECONDS, ROOT, Server


@dataclass(frozen=True, slots=True)
class Space:
    """The files as `training demo --space` writes them, and a Python with their requirements."""

    folder: Path
    python: Path


def install_space(folder: Path, models: Path) -> Space:
    """Write a Space and install what it asks for from PyPI into an environment of its own."""
    space, environment = folder / "space", folder / "environment"
    subprocess.run(
        [sys.executable, "-m", "training", "demo", "--space", space, "--models", models],
        cwd=ROOT,
        check=True,
    )
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run(
        [environment / "bin" / "pip", "install", "--quiet", "-r", space / "requirements.txt"],
        check=True,
    )
    return Space(space, environment / "bin" / "python")


class DemoServer(Server):
    """A page of the demo in a process that may write only where it is looked at afterwards.

    Args:
        command: what to run, with the environment's Python before it.
        cwd: where.
        home: its HOME and temporary folder.
    """

    def __init__(self, *command: str | Path, cwd: Path, home: Path) -> None:
        super().__init__(log=home / "demo.log")
        self._command = [str(part) for part in command]
        self._cwd, self.home = cwd, home

    def start(self) -> None:
        temporary = self.home / "tmp"
        temporary.mkdir(parents=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        own = {"HOME": str(self.home), "TMPDIR": str(temporary)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**kept, **own, "GRADIO_SERVER_PORT": str(self.port), "PYTHONUNBUFFERED": "1"},
            )
        self.wait()

    def kill(self) -> None:
        """In good order, so that it takes its folder for uploads with it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)
            self.process = None

    def files(self) -> Iterator[Path]:
        """All that the process can have written: under its home, its folder, and for uploads."""
        for root in (self.home, self._cwd, *self.waiting()):
            yield from (path for path in root.rglob("*") if path.is_file())

    def waiting(self) -> list[Path]:
        """The folder where this process has uploads wait, as long as there is one."""
        name = f"passerby-demo-{self.pid}-*"
        return [*Path("/dev/shm").glob(name), *(self.home / "tmp").glob(name)]  # noqa: S108

    def peak_bytes(self) -> int:
        """The largest resident memory that the process ever had."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
