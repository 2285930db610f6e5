# SPDX-License-Identifier: Apache-2.0
"""The wire between the benchmark and its workers, and a worker as seen from here.

A worker writes one line of JSON when its models are loaded ({"runtime": ...}). Then, for each
picture, it gets two little-endian uint32 (height, width) and height * width * 3 bytes R, G, B, and
writes one line: {"label": "female" | "male" | null, "ms": ..., "cpu_ms": ...}, and "call_ms" and
"call_cpu_ms" where it can tell what came after detection. Its clocks run from pixels in memory to
the answer: decoding a JPEG is the same work for all and nobody's own.
"""

import json
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError

ROOT: Final = Path(__file__).parent.parent.parent
# What else could start threads of its own in a worker.
ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "UV_THREADPOOL_SIZE": "1",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker said of one picture.

    Attributes:
        label: "female" or "male", None where it found no face.
        ms: milliseconds by the clock on the wall, from pixels to the answer.
        cpu_ms: milliseconds of processor time in all of its threads.
        call_ms, call_cpu_ms: the parts after detection, None where the worker cannot tell.
    """

    label: str | None
    ms: float
    cpu_ms: float
    call_ms: float | None = None
    call_cpu_ms: float | None = None


class Worker:
    """A running worker; a context manager that owns the process."""

    def __init__(self, command: tuple[str, ...], *, environment: dict[str, str], log: Path) -> None:
        """Start it and wait until its models are loaded; its standard error goes to `log`.

        Raises:
            InputError: it does not start; the message ends with its own last words.
        """
        self._command = command
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, **ONE_THREAD, **environment},
            )
        self.about = self._line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, pixels: NDArray[np.uint8]) -> Reply:
        """Show it one picture, uint8[height, width, 3].

        Raises:
            InputError: it died over it.
        """
        height, width = pixels.shape[:2]
        try:
            _pipe(self._process.stdin).write(struct.pack("<II", height, width) + pixels.tobytes())
            _pipe(self._process.stdin).flush()
        except BrokenPipeError:
            pass  # the missing answer says so, with its last words
        return Reply(**self._line())

    @property
    def peak_bytes(self) -> int:
        """The most memory that the process has held so far (VmHWM, as the kernel counts it)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def close(self) -> None:
        """End its input, and with it the worker."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()

    def _line(self) -> dict[str, Any]:
        line = _pipe(self._process.stdout).readline()
        if not line:
            self._process.wait()
            words = self._log.read_text(errors="replace").strip().splitlines()
            raise InputError(
                f"{' '.join(self._command)} ended with status {self._process.returncode} "
                f"({words[-1] if words else 'and no word'}); expected an answer, see {self._log}"
            )
        message: dict[str, Any] = json.loads(line)
        return message


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "every worker is started with pipes"
    return stream
