# SPDX-License-Identifier: Apache-2.0
"""The control socket's server with clients that behave, and with those that speak rubbish."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import STATUS, Callers, Connect, answer_of, is_hung_up, settle, still_serves

from device.clock import ManualClock
from device.control.request import Request
from device.control.server import ControlServer
from device.control.wire import parse
from device.errors import ControlError


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.sock"


@pytest.fixture
def server(path: Path, clock: ManualClock) -> Iterator[ControlServer]:
    with ControlServer(path, clock=clock) as server:
        yield server


@pytest.fixture
def connect(path: Path) -> Iterator[Connect]:
    callers = Callers(path)
    yield callers
    callers.close()


def test_a_request_is_answered_with_one_line_and_a_goodbye(
    server: ControlServer, connect: Connect
) -> None:
    door = connect()
    door.sendall(STATUS)
    (call,) = settle(server)
    assert call.request == Request("status")
    server.answer(call, {"error": None, "text": "über\nzwei"})
    assert answer_of(door) == {"error": None, "text": "über\nzwei"}
    assert is_hung_up(door)


def test_a_request_may_come_in_pieces_and_end_without_a_newline(
    server: ControlServer, connect: Connect
) -> None:
    door = connect()
    for piece in (b'{"verb": "cap', b'ture", "still": true, ', b'"wait_face_seconds": 2.5}'):
        door.sendall(piece)
        assert settle(server) == []
    door.shutdown(socket.SHUT_WR)
    (call,) = settle(server)
    assert call.request == Request("capture", wait_face_seconds=2.5, still=True)
    server.answer(call, {"error": None})
    assert answer_of(door) == {"error": None}


@pytest.mark.parametrize(
    "line",
    [
        b"rubbish\n",
        b"\x00\xff\xfe\n",
        b"\n",
        b"[]\n",
        b'{"verb": "format-disk"}\n',
        b'{"verb": "capture", "wait_face_seconds": -1}\n',
        b'{"verb": "capture", "wait_face_seconds": 1e9}\n',
        b'{"verb": "capture", "wait_face_seconds": NaN}\n',
        b'{"verb": "capture", "still": "yes"}\n',
        b"[" * 4000 + b"\n",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_rubbish_is_answered_with_one_line(
    server: ControlServer, connect: Connect, line: bytes
) -> None:
    door = connect()
    door.sendall(line)
    assert settle(server) == []
    error = answer_of(door)["error"]
    assert error["code"] == "control"
    assert error["exit_status"] == 60
    assert "verb" in error["message"]
    assert is_hung_up(door)
    assert still_serves(server, connect)


def test_fields_of_later_versions_are_passed_over() -> None:
    assert parse(b'{"verb": "status", "colour": "blue"}') == Request("status")


def test_waiting_returns_in_time_and_at_once_when_asked(
    server: ControlServer, connect: Connect
) -> None:
    assert server.wait(0.05) == []
    connect().sendall(STATUS)
    assert len(server.wait(30)) == 1


def test_who_comes_with_a_question_is_heard_at_once(
    server: ControlServer, connect: Connect
) -> None:
    for _ in range(2):
        connect().sendall(STATUS)
    assert len(server.wait(0)) == 2


def test_only_user_and_group_may_connect(server: ControlServer, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_dead_daemons_socket_is_replaced(path: Path, clock: ManualClock) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    with ControlServer(path, clock=clock) as server:
        assert server.wait(0) == []
    assert not path.exists()


def test_nothing_is_left_open(path: Path, clock: ManualClock, connect: Connect) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ControlServer(path, clock=clock) as server:
        clients = [connect() for _ in range(3)]
        settle(server)
    for door in clients:
        assert is_hung_up(door)
        door.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("name", ["x" * 120, "missing/p.sock"])
def test_a_socket_that_cannot_be_made_is_an_error(
    tmp_path: Path, clock: ManualClock, name: str
) -> None:
    with pytest.raises(ControlError, match="run_directory"):
        ControlServer(tmp_path / name, clock=clock).__enter__()
