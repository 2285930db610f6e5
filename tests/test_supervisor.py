# SPDX-License-Identifier: Apache-2.0
"""sd_notify, against a real datagram socket."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.clock import ManualClock
from device.supervisor import InertSupervisor, SystemdSupervisor, supervisor_from


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.setblocking(False)
        yield ear


def heard(ear: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(ear.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_says_ready_beats_and_stopping(ear: socket.socket) -> None:
    clock = ManualClock()
    environment = {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "8000000"}
    supervisor = supervisor_from(environment, clock=clock)
    supervisor.ready()
    supervisor.beat(lambda: "one")
    supervisor.beat(lambda: "too soon")
    clock.advance(2.0)
    supervisor.beat(lambda: "two")
    supervisor.stopping()
    assert heard(ear) == [
        "READY=1",
        "WATCHDOG=1\nSTATUS=one",
        "WATCHDOG=1\nSTATUS=two",
        "STOPPING=1",
    ]


def test_without_frames_the_watchdog_starves(ear: socket.socket) -> None:
    clock = ManualClock()
    supervisor = supervisor_from({"NOTIFY_SOCKET": ear.getsockname()}, clock=clock)
    supervisor.ready()
    clock.advance(1000)
    assert heard(ear) == ["READY=1"]


def test_abstract_addresses_work() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0passerby-test-supervisor")
        ear.setblocking(False)
        environment = {"NOTIFY_SOCKET": "@passerby-test-supervisor"}
        supervisor_from(environment, clock=ManualClock()).ready()
        assert heard(ear) == ["READY=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_is_inert_where_nobody_supervises(environment: dict[str, str]) -> None:
    supervisor = supervisor_from(environment, clock=ManualClock())
    assert isinstance(supervisor, InertSupervisor)
    supervisor.ready()
    supervisor.beat(lambda: pytest.fail("nobody asks"))
    supervisor.stopping()


def test_a_deaf_supervisor_is_no_reason_to_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = SystemdSupervisor(str(tmp_path / "gone"), beat_seconds=1, clock=ManualClock())
    with caplog.at_level(logging.WARNING):
        supervisor.ready()
    assert "cannot be told" in caplog.text
