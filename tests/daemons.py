# SPDX-License-Identifier: Apache-2.0
"""Runs the real `passerby` as a process, with directories and settings of its own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.control.client import ControlClient
from device.control.request import Request
from device.errors import ControlError

ROOT = Path(__file__).parent.parent
# Far beyond anything that is right, and short enough to end a hung test.
PATIENCE_SECONDS = 60.0


@dataclass
class House:
    """A folder with settings, state, run directory, journal and log of one daemon at a time."""

    folder: Path
    models: Path
    sections: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        self.run = self.folder / "run"
        self.journal = self.folder / "journal.jsonl"
        self.log = self.folder / "log.txt"
        self.settings = self.folder / "passerby.toml"
        self.folder.mkdir(exist_ok=True)
        self.settings.write_text(self._toml())

    def _toml(self) -> str:
        lines = [
            f"state_directory = {json.dumps(str(self.state))}",
            f"run_directory = {json.dumps(str(self.run))}",
        ]
        sections = {"models": {"directory": str(self.models)}, **self.sections}
        for section, values in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        return "\n".join(lines) + "\n"

    def command(self, *words: str | Path) -> list[str]:
        verb = [str(word) for word in words]
        return [sys.executable, "-m", "device", "--settings", str(self.settings), *verb]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), **(extra or {})}

    def call(self, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
        """Run a verb to its end."""
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env=self.environment(),
            cwd=self.folder,
        )

    def start(
        self, *words: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `passerby run`; its journal and log are files here."""
        with self.journal.open("ab") as journal, self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command("run", *words),
                stdout=journal,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment(environment),
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE_SECONDS)

    def ask(self, request: Request) -> dict[str, Any]:
        return ControlClient(self.run, timeout_seconds=PATIENCE_SECONDS).ask(request)

    def status(self) -> dict[str, Any]:
        return self.ask(Request("status"))

    def wait_frames(self, frames: int = 1) -> dict[str, Any]:
        """The status once so many frames have been looked at."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            dead = [p for p in self.processes if p.poll() is not None]
            try:
                status = self.status()
            except ControlError:
                status = {"frames": -1}
            if status["frames"] >= frames:
                return status
            if len(dead) == len(self.processes):
                break
            time.sleep(0.02)
        raise AssertionError(f"no {frames} frames: {self.log.read_text()}")

    def wait_visits(self, visits: int) -> None:
        """Return once so many visits stand in the journal."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.visits()) < visits:
            assert time.monotonic() < deadline, f"no {visits} visits: {self.log.read_text()}"
            time.sleep(0.02)

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
        process.send_signal(number)
        return process.wait(PATIENCE_SECONDS)

    def events(self) -> list[dict[str, Any]]:
        """The whole lines of the journal; a kill may have cut the last one."""
        whole, _, _ = self.journal.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def visits(self) -> list[str]:
        """Identities of the visits in the journal, in order."""
        return [event["identity"] for event in self.events() if event["event"] == "visit"]

    def stored(self) -> list[str]:
        """Identities in the store, which must be sound."""
        connection = sqlite3.connect(self.state / "visits.db")
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return [row[0] for row in connection.execute("SELECT identity FROM visits")]
        finally:
            connection.close()


NewHouse = Callable[..., House]
"""Makes a house: a name, then sections of settings by keyword."""
