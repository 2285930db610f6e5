# SPDX-License-Identifier: Apache-2.0
"""The control socket's server against clients that flood, sleep, crowd or leave."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import STATUS, Callers, Connect, answer_of, is_hung_up, settle, still_serves

from device.clock import ManualClock
from device.control.server import IDLE_SECONDS, MAX_CLIENTS, ControlServer
from device.control.wire import MAX_LINE_BYTES


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


def test_a_megabyte_without_a_newline_is_cut_off(server: ControlServer, connect: Connect) -> None:
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
    server: ControlServer, connect: Connect, clock: ManualClock
) -> None:
    door = connect()
    settle(server)
    clock.advance(IDLE_SECONDS + 1)
    settle(server)
    assert is_hung_up(door)


def test_a_client_that_is_owed_an_answer_is_not_hurried(
    server: ControlServer, connect: Connect, clock: ManualClock
) -> None:
    door = connect()
    door.sendall(b'{"verb": "capture", "wait_face_seconds": 500}\n')
    (call,) = settle(server)
    clock.advance(400)
    assert settle(server) == []
    server.answer(call, {"error": None})
    assert answer_of(door) == {"error": None}


def test_fifty_connections_leave_room_for_one_more(server: ControlServer, connect: Connect) -> None:
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


def test_those_that_wait_are_not_put_out_by_newcomers(
    server: ControlServer, connect: Connect
) -> None:
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
    server: ControlServer, connect: Connect
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
    server: ControlServer, connect: Connect, clock: ManualClock
) -> None:
    door = connect()
    door.sendall(STATUS)
    (call,) = settle(server)
    server.answer(call, {"error": None, "still": "x" * 3_000_000})
    clock.advance(IDLE_SECONDS + 1)
    settle(server)
    assert call.gone


def test_a_client_that_leaves_while_waiting_is_forgotten(
    server: ControlServer, connect: Connect
) -> None:
    door = connect()
    door.sendall(b'{"verb": "capture"}\n')
    (call,) = settle(server)
    door.close()
    settle(server)
    assert call.gone
    server.answer(call, {"error": None})
    assert still_serves(server, connect)
