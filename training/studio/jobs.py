# SPDX-License-Identifier: Apache-2.0
"""A job: verbs of `python -m training` in a process that outlives the page.

A job's folder holds
- `job.json`: the process id and the commands,
- `lock`: locked (flock) by the process for as long as it lives, so that being alive is the kernel's
  word and no matter of process ids, which come round again,
- `progress.json`: how far the verb at work is (`Amount`),
- `output.txt`, `log.txt`: standard output and standard error,
- `status.json`: the exit status; a process that was killed leaves none.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from device.errors import BusyError

State = Literal["none", "running", "done", "stopped", "failed", "lost"]
"""Never started; at work; ended well; stopped on request; ended in an error; killed."""

T = TypeVar("T", bound=msgspec.Struct)

# Exit statuses of a verb that was asked to stop: by SIGTERM in good order, by the keyboard's way.
STOPPED: Final = (143, 130)
_PATIENCE_SECONDS: Final = 2.0


class Amount(msgspec.Struct, frozen=True):
    """How far a verb is: `done` of `total` pictures or the like, and `what` it does with them."""

    what: str
    done: int
    total: int


class _Started(msgspec.Struct, frozen=True):
    """`job.json`; `began` is wall time in seconds."""

    pid: int
    began: float
    commands: tuple[tuple[str, ...], ...]


class _Ended(msgspec.Struct, frozen=True):
    """`status.json`."""

    exit_status: int


class Job:
    """The job in one folder, whichever process started it."""

    def __init__(self, folder: Path) -> None:
        """Look at `folder`, which need not exist yet."""
        self.folder = folder

    def start(self, *commands: Sequence[str]) -> None:
        """Run these commands of `python -m training` one after the other, until one fails.

        Args:
            commands: each as its words, the verb first.

        Raises:
            BusyError: the job is running already.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked() as lock:
            for name in ("status.json", "progress.json", "stop"):
                (self.folder / name).unlink(missing_ok=True)
            words = tuple(tuple(str(word) for word in command) for command in commands)
            process = self._spawn(lock, words)
            about = _Started(process.pid, time.time(), words)
            write_atomically(self.folder / "job.json", msgspec.json.encode(about))
        # Reaps it when it ends while this page lives; otherwise init does.
        threading.Thread(target=process.wait, daemon=True).start()

    def stop(self) -> None:
        """Ask a running job to end in good order; it does so at its next opportunity."""
        started = self._started()
        if started is not None and self.alive():
            (self.folder / "stop").touch()
            with contextlib.suppress(ProcessLookupError):
                os.kill(started.pid, signal.SIGTERM)

    @property
    def state(self) -> State:
        """What became of it."""
        if self._started() is None:
            return "none"
        if self.alive():
            return "running"
        status = self.exit_status
        if status is None:  # a process that had hardly begun ends at once, without a word
            return "stopped" if (self.folder / "stop").exists() else "lost"
        if status == 0:
            return "done"
        return "stopped" if status in STOPPED else "failed"

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and is still at work."""
        return (self.folder / "stop").exists() and self.alive()

    @property
    def exit_status(self) -> int | None:
        """Of the last command that ran, or None where it has not ended by itself."""
        ended = _read(self.folder / "status.json", _Ended)
        return None if ended is None else ended.exit_status

    @property
    def pid(self) -> int | None:
        """Of the process while it lives."""
        started = self._started()
        return started.pid if started is not None and self.alive() else None

    @property
    def began(self) -> float:
        """When it was last started, wall time in seconds; 0 where it never was."""
        started = self._started()
        return 0.0 if started is None else started.began

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What it was last started with."""
        started = self._started()
        return () if started is None else started.commands

    def alive(self) -> bool:
        """Whether the process is there: whether somebody holds the lock."""
        try:
            with (self.folder / "lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # lookers share it
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def amount(self) -> Amount | None:
        """How far the verb at work is, where it says so."""
        return _read(self.folder / "progress.json", Amount)

    def output(self) -> str:
        """What the verbs have printed."""
        return _text(self.folder / "output.txt")

    def log(self) -> str:
        """What the verbs have written to standard error."""
        return _text(self.folder / "log.txt")

    def fault(self) -> str:
        """Why it failed, in the sentence that the command line gives; "" where it did not."""
        if self.state == "lost":
            return "the process was killed, or the machine went off; start it again"
        if self.state != "failed":
            return ""
        told = [line for line in self.log().splitlines() if line.startswith("training: ")]
        if not told:
            return f"the process ended with status {self.exit_status}; its log says more"
        return told[-1].split(": ", 2)[-1]

    def _started(self) -> _Started | None:
        return _read(self.folder / "job.json", _Started)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """The lock's descriptor; the lock itself stays with whoever inherits it."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:  # a process, or for a moment somebody who looks
                    if time.monotonic() > deadline:
                        raise BusyError(
                            f"{self.folder.name} is at work already; stop it first, or wait"
                        ) from None
                    time.sleep(0.01)
            yield descriptor
        finally:
            os.close(descriptor)

    def _spawn(self, lock: int, commands: tuple[tuple[str, ...], ...]) -> "subprocess.Popen[bytes]":
        asked = msgspec.json.encode(commands).decode()
        with (
            (self.folder / "output.txt").open("wb") as output,
            (self.folder / "log.txt").open("wb") as log,
        ):
            return subprocess.Popen(
                [sys.executable, "-m", "training.studio.child", str(self.folder), asked],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )


def write_atomically(path: Path, data: bytes) -> None:
    """Write a small file so that whoever reads it sees the old or the new, never half."""
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(data)
    fresh.replace(path)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
