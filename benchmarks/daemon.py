# SPDX-License-Identifier: Apache-2.0
"""The real daemon as a process of its own, watched from outside: for soak, idle and capture."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from device.control.client import ControlClient
from device.control.request import Request
from device.errors import ControlError

ROOT = Path(__file__).parent.parent
DOORWAY = ROOT / "tests/data/doorway.zip"
PATIENCE_SECONDS = 120.0

Sections = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the kernel knows of the daemon at one moment, and how many frames it has looked at."""

    frames: int
    resident_bytes: int
    anonymous_bytes: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes given to write(2) and its kin, and bytes that had to go to a disk."""

    asked_for: int
    to_disk: int


class Daemon:
    """`passerby run` in its block, with a folder of its own that goes with it.

    Args:
        words: options of `run`.
        sections: settings, by section.
        program: what Python runs in place of `-m device`.
    """

    def __init__(
        self,
        *words: str | Path,
        sections: Sections | None = None,
        program: Sequence[str] = ("-m", "device"),
    ) -> None:
        self._words = [str(word) for word in words]
        self._sections = sections or {}
        self._program = program
        self._held = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path()

    def __enter__(self) -> Self:
        """Start it and wait for its first frame."""
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (self.folder / "passerby.toml").write_text(self._settings(), encoding="utf-8")
            log = stack.enter_context((self.folder / "log").open("wb"))
            journal = stack.enter_context((self.folder / "journal").open("wb"))
            self._process = subprocess.Popen(
                self.command("run", *self._words),
                stdin=subprocess.DEVNULL,
                stdout=journal,
                stderr=log,
                cwd=self.folder,
                env=self.environment,
            )
            stack.callback(self._end)
            self._held = stack.pop_all()
            self._wait_for_a_frame()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._held.close()

    @property
    def environment(self) -> dict[str, str]:
        """For the daemon and for verbs beside it."""
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    @property
    def process_id(self) -> int:
        """The daemon's."""
        assert self._process is not None
        return self._process.pid

    @property
    def client(self) -> ControlClient:
        """Asks it."""
        return ControlClient(self.folder / "run", timeout_seconds=PATIENCE_SECONDS)

    def command(self, *words: str) -> list[str]:
        """A verb with this daemon's settings, as a process would be called."""
        settings = str(self.folder / "passerby.toml")
        return [sys.executable, *self._program, "--settings", settings, *words]

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        return self.client.ask(Request("status"))

    def sample(self) -> Sample:
        """What it is like now; the frames are counted last, so that their client is not in it."""
        place = Path(f"/proc/{self.process_id}")
        rollup = _numbers((place / "smaps_rollup").read_text())
        descriptors = len(list((place / "fd").iterdir()))
        threads = len(list((place / "task").iterdir()))
        return Sample(
            int(self.status()["frames"]),
            rollup["Rss"] * 1024,
            rollup["Anonymous"] * 1024,
            descriptors,
            threads,
        )

    def written(self) -> Written:
        """What it has written so far, as the kernel counts it (proc(5), io)."""
        counts = _numbers(Path(f"/proc/{self.process_id}/io").read_text())
        return Written(counts["wchar"], counts["write_bytes"])

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_SECONDS)

    def _settings(self) -> str:
        lines = [f"{name}_directory = {json.dumps(name)}" for name in ("state", "run")]
        sections = {"models": {"directory": str(ROOT / "models")}, **self._sections}
        for section, values in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        return "\n".join(lines) + "\n"

    def _wait_for_a_frame(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.status()["frames"]:
                    return
            except ControlError:
                pass
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no frame came: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def _end(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait(PATIENCE_SECONDS)


def _numbers(text: str) -> dict[str, int]:
    """Lines such as `Rss:  123 kB` by name."""
    lines = (line.split() for line in text.splitlines())
    return {
        words[0].removesuffix(":"): int(words[1])
        for words in lines
        if len(words) > 1 and words[1].isdigit()
    }
