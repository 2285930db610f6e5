# SPDX-License-Identifier: Apache-2.0
"""Clients of a control server that is served in the same thread; fixtures for its tests."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.control.server import ControlServer
from device.control.wire import Call

STATUS = b'{"verb": "status"}\n'
Connect = Callable[[], socket.socket]


class Callers:
    """Connects to `path` and closes all its connections at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._doors: list[socket.socket] = []

    def __call__(self) -> socket.socket:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.settimeout(5)
        door.connect(str(self._path))
        self._doors.append(door)
        return door

    def close(self) -> None:
        for door in self._doors:
            door.close()


def settle(server: ControlServer, rounds: int = 6) -> list[Call]:
    """Serve until everything that was sent has been seen."""
    return [call for _ in range(rounds) for call in server.wait(0)]


def answer_of(door: socket.socket) -> dict[str, Any]:
    heard = b""
    while not heard.endswith(b"\n"):
        data = door.recv(1 << 16)
        assert data, f"hung up after {heard!r}"
        heard += data
    answer: dict[str, Any] = json.loads(heard)
    return answer


def is_hung_up(door: socket.socket) -> bool:
    try:
        return door.recv(1) == b""
    except ConnectionError:
        return True


def still_serves(server: ControlServer, connect: Connect) -> bool:
    door = connect()
    door.sendall(STATUS)
    for call in settle(server):
        server.answer(call, {"error": None, "fine": True})
    return answer_of(door) == {"error": None, "fine": True}
