# SPDX-License-Identifier: Apache-2.0
"""The real daemon as a process, beside other daemons and among clients of every kind."""

import signal
import socket
import threading
from pathlib import Path

import pytest
from daemons import PATIENCE_SECONDS, NewHouse
from walkers import frames, jpeg, write_scene

from device.control.client import SOCKET_NAME
from device.control.request import Request
from device.errors import ControlError


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene in which there is always somebody."""
    pictures = [jpeg(frame) for frame in frames(1, steps=8, gap=0)]
    return write_scene(tmp_path_factory.mktemp("scene") / "crowd.zip", pictures)


def test_a_second_daemon_names_the_first(new_house: NewHouse, crowd: Path) -> None:
    first = new_house("a", camera={"path": str(crowd), "loop": True})
    process = first.start()
    first.wait_frames(1)
    elsewhere = new_house("b", camera={"path": str(crowd), "loop": True})
    for house, subject in ((first, "the run of"), (elsewhere, "the replay of")):
        second = house.call("run")
        assert second.returncode == 40
        told = second.stderr.decode()
        assert "passerby: busy:" in told
        assert f"{subject}" in told
        assert f"process {process.pid}" in told
    assert first.status()["pid"] == process.pid
    assert first.stop(process) == 0


def test_a_daemon_starts_after_one_that_was_killed(new_house: NewHouse, crowd: Path) -> None:
    house = new_house(camera={"path": str(crowd), "loop": True})
    process = house.start()
    house.wait_frames(1)
    assert house.stop(process, signal.SIGKILL) == -signal.SIGKILL
    assert (house.run / SOCKET_NAME).exists()
    house.processes.clear()
    again = house.start()
    assert house.wait_frames(1)["pid"] == again.pid
    assert house.stop(again) == 0


def test_frames_go_on_whatever_clients_do(new_house: NewHouse, crowd: Path) -> None:
    house = new_house(camera={"path": str(crowd), "loop": True})
    process = house.start()
    before = house.wait_frames(3)["frames"]
    doors = []

    def connect() -> socket.socket:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.connect(str(house.run / SOCKET_NAME))
        door.settimeout(PATIENCE_SECONDS)
        doors.append(door)
        return door

    def shout(door: socket.socket, data: bytes) -> None:
        try:
            door.sendall(data)
        except OSError:
            return  # hung up on: what it deserves

    silent = [connect() for _ in range(20)]
    for rubbish in (b"\x00" * 100, b"GET / HTTP/1.0\r\n\r\n", b'{"verb": "explode"}\n'):
        shout(connect(), rubbish)
    megabyte = threading.Thread(target=shout, args=(connect(), b"x" * (1 << 20)))
    megabyte.start()
    connect().shutdown(socket.SHUT_WR)
    shout(connect(), b'{"verb": "capture", "still": true}\n')
    after = house.wait_frames(before + 10)
    megabyte.join(PATIENCE_SECONDS)
    assert not megabyte.is_alive()
    assert after["state"] == "running"
    assert process.poll() is None
    assert len(silent) == 20
    for door in doors:
        door.close()
    assert house.stop(process) == 0


def test_two_captures_at_once_are_both_answered(new_house: NewHouse, crowd: Path) -> None:
    house = new_house(camera={"path": str(crowd), "loop": True})
    process = house.start()
    house.wait_frames(1)
    answers: list[dict[str, object]] = []

    def capture() -> None:
        answers.append(house.ask(Request("capture", wait_face_seconds=30.0, still=True)))

    threads = [threading.Thread(target=capture) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert len(answers) == 2
    for answer in answers:
        assert answer["faces"]
        assert answer["still"]
    assert house.stop(process) == 0


def test_pausing_looks_away_and_resuming_looks_again(new_house: NewHouse, crowd: Path) -> None:
    house = new_house(camera={"path": str(crowd), "loop": True})
    process = house.start("--verbose")
    house.wait_frames(5)
    assert house.ask(Request("pause"))["paused"] is True
    status = house.status()
    assert status["state"] == "paused"
    with pytest.raises(ControlError, match="paused"):
        house.ask(Request("capture"))
    house.wait_visits(1)
    assert house.status()["following"] == 0
    assert house.status()["frames"] - status["frames"] <= 1
    assert house.ask(Request("resume"))["paused"] is False
    house.wait_frames(status["frames"] + 5)
    assert house.stop(process) == 0
