# SPDX-License-Identifier: Apache-2.0
"""The control socket's server against clients that behave and clients that do not."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.clock import ManualClock
from device.control import IDLE_SECONDS, MAX_CLIENTS, ControlServer
from device.errors import ControlError
from device.wire import MAX_LINE_BYTES, Call, Request, parse

STATUS = b'{"verb": "status"}\n'


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
def doors() -> Iterator[list[socket.socket]]:
    made: list[socket.socket] = []
    yield made
    for door in made:
        door.close()


@pytest.fixture
def connect(path: Path, doors: list[socket.socket]) -> Any:
    def connect() -> socket.socket:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.settimeout(5)
        door.connect(str(path))
        doors.append(door)
        return door

    return connect


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


def still_serves(server: ControlServer, connect: Any) -> bool:
    door = connect()
    door.sendall(STATUS)
    for call in settle(server):
        server.answer(call, {"error": None, "fine": True})
    return answer_of(door) == {"error": None, "fine": True}


def test_a_request_is_answered_with_one_line_and_a_goodbye(
    server: ControlServer, connect: Any
) -> None:
    door = connect()
    door.sendall(STATUS)
    (call,) = settle(server)
    assert call.request == Request("status")
    server.answer(call, {"error": None, "text": "über\nzwei"})
    assert answer_of(door) == {"error": None, "text": "über\nzwei"}
    assert is_hung_up(door)


def test_a_request_may_come_in_pieces_and_end_without_a_newline(
    server: ControlServer, connect: Any
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
    server: ControlServer, connect: Any, line: bytes
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


def test_a_megabyte_without_a_newline_is_cut_off(server: ControlServer, connect: Any) -> None:
    door = connect()
    door.setblocking(False)
    sent = 0
    while sent < 1 << 20:
        try:
            sent += door.send(b"x" * 65536)
        except BlockingIOError:
            assert settle(server) == []
        except OSError:
            break
    assert settle(server) == []
    assert sent < 1 << 20
    door.setblocking(True)
    assert str(MAX_LINE_BYTES) in answer_of(door)["error"]["message"]
    assert still_serves(server, connect)


def test_a_silent_client_is_hung_up_on_in_time(
    server: ControlServer, connect: Any, clock: ManualClock
) -> None:
    door = connect()
    settle(server)
    clock.advance(IDLE_SECONDS + 1)
    settle(server)
    assert is_hung_up(door)


def test_a_client_that_is_owed_an_answer_is_not_hurried(
    server: ControlServer, connect: Any, clock: ManualClock
) -> None:
    door = connect()
    door.sendall(b'{"verb": "capture", "wait_face_seconds": 500}\n')
    (call,) = settle(server)
    clock.advance(400)
    assert settle(server) == []
    server.answer(call, {"error": None})
    assert answer_of(door) == {"error": None}


def test_fifty_connections_leave_room_for_one_more(server: ControlServer, connect: Any) -> None:
    crowd = []
    for _ in range(50):
        crowd.append(connect())
        settle(server)
    assert still_serves(server, connect)
    for door in crowd:
        door.setblocking(False)
    hung_up = 0
    for door in crowd:
        try:
            hung_up += door.recv(1) == b""
        except BlockingIOError:
            continue
    assert hung_up >= 50 - MAX_CLIENTS


def test_those_that_wait_are_not_put_out_by_newcomers(server: ControlServer, connect: Any) -> None:
    waiting, calls = [], []
    for _ in range(MAX_CLIENTS):
        waiting.append(connect())
        waiting[-1].sendall(b'{"verb": "capture"}\n')
        calls += settle(server)
    newcomer = connect()
    settle(server)
    assert is_hung_up(newcomer)
    for door, call in zip(waiting, calls, strict=True):
        server.answer(call, {"error": None})
        assert answer_of(door) == {"error": None}
    assert still_serves(server, connect)


def test_a_slow_reader_gets_all_of_it_without_blocking_others(
    server: ControlServer, connect: Any
) -> None:
    door = connect()
    door.sendall(b'{"verb": "capture", "still": true}\n')
    (call,) = settle(server)
    server.answer(call, {"error": None, "still": "x" * 3_000_000})
    assert still_serves(server, connect)
    door.setblocking(False)
    heard = bytearray()
    while not heard.endswith(b"\n"):
        try:
            heard += door.recv(1 << 16)
        except BlockingIOError:
            settle(server, 1)
    assert len(json.loads(heard)["still"]) == 3_000_000


def test_a_reader_that_never_reads_is_hung_up_on(
    server: ControlServer, connect: Any, clock: ManualClock
) -> None:
    door = connect()
    door.sendall(STATUS)
    (call,) = settle(server)
    server.answer(call, {"error": None, "still": "x" * 3_000_000})
    clock.advance(IDLE_SECONDS + 1)
    settle(server)
    assert call.gone


def test_a_client_that_leaves_while_waiting_is_forgotten(
    server: ControlServer, connect: Any
) -> None:
    door = connect()
    door.sendall(b'{"verb": "capture"}\n')
    (call,) = settle(server)
    door.close()
    settle(server)
    assert call.gone
    server.answer(call, {"error": None})
    assert still_serves(server, connect)


def test_waiting_returns_in_time_and_at_once_when_asked(
    server: ControlServer, connect: Any
) -> None:
    assert server.wait(0.05) == []
    connect().sendall(STATUS)
    assert server.wait(30) == []
    assert len(server.wait(30)) == 1


def test_only_user_and_group_may_connect(server: ControlServer, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_dead_daemons_socket_is_replaced(path: Path, clock: ManualClock) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    with ControlServer(path, clock=clock) as server:
        assert server.wait(0) == []
    assert not path.exists()


def test_nothing_is_left_open(path: Path, clock: ManualClock, connect: Any) -> None:
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
