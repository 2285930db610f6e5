# SPDX-License-Identifier: Apache-2.0
"""QEMU's monitor: one question, one answer (QEMU Machine Protocol)."""

import json
import socket
import time
from pathlib import Path
from typing import Any

_PATIENCE_SECONDS = 120.0


class Monitor:
    """Asks the QEMU whose socket is `path`.

    Raises:
        OSError: nobody answers there.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE_SECONDS)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._lines.readline()
        self("qmp_capabilities")

    def __call__(self, command: str, **arguments: Any) -> Any:
        """What QEMU returns; an error of QEMU's fails."""
        asked = json.dumps({"execute": command, "arguments": arguments})
        self._socket.sendall(asked.encode() + b"\n")
        while line := self._lines.readline():
            told = json.loads(line)
            assert "error" not in told, f"{command}: {told['error']}"
            if "return" in told:
                return told["return"]
        raise EOFError(f"QEMU ended instead of answering {command}")

    def save(self, path: Path) -> None:
        """Write the whole machine but its disk to a file; it stands still from then on."""
        self("migrate-set-parameters", **{"max-bandwidth": 2**33})
        self("migrate", uri=f"exec:cat >{path}")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (status := self("query-migrate")["status"]) != "completed":
            assert status != "failed" and time.monotonic() < deadline, f"saving: {status}"
            time.sleep(0.2)

    def written_bytes(self) -> int:
        """What the machine has written to its disk since it was started."""
        return int(self("query-blockstats")[0]["stats"]["wr_bytes"])

    def close(self) -> None:
        """Let the monitor go; QEMU goes on."""
        self._lines.close()
        self._socket.close()
