# SPDX-License-Identifier: Apache-2.0
"""The control socket's client, against real sockets."""

import grp
import os
import pwd
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from strangers import STRANGER, as_stranger, public_folder

from device.control.client import SOCKET_NAME, ControlClient
from device.control.request import Request
from device.errors import (
    BusyError,
    CameraBlackError,
    CameraError,
    CameraStalledError,
    ControlError,
    NotRunningError,
    PasserbyError,
)


@contextmanager
def daemon(folder: Path, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """Something listens in `folder` and does `serve` to one client."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / SOCKET_NAME))
        listener.listen(1)

        def answer() -> None:
            door, _ = listener.accept()
            with door:
                serve(door)

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


def ask(folder: Path, seconds: float = 10.0) -> dict[str, object]:
    return ControlClient(folder, timeout_seconds=seconds).ask(Request("capture", 0.0, True))


def test_asks_one_line_and_reads_one_line(tmp_path: Path) -> None:
    asked = []

    def serve(door: socket.socket) -> None:
        asked.append(door.recv(4096))
        for piece in (b'{"error": null, ', b'"frame": 7}', b"\n"):
            door.sendall(piece)

    with daemon(tmp_path, serve):
        assert ask(tmp_path) == {"error": None, "frame": 7}
    assert asked == [b'{"verb":"capture","wait_face_seconds":0.0,"still":true}\n']


def test_the_daemons_refusal_is_raised(tmp_path: Path) -> None:
    def serve(door: socket.socket) -> None:
        door.recv(4096)
        door.sendall(b'{"error": {"code": "control", "message": "the daemon is paused"}}\n')

    with daemon(tmp_path, serve), pytest.raises(ControlError, match="the daemon is paused"):
        ask(tmp_path)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("camera", CameraError),
        ("camera-stalled", CameraStalledError),
        ("camera-black", CameraBlackError),
        ("busy", BusyError),
        ("control", ControlError),
        ("of-a-later-version", ControlError),
        # Whoever answers does run: a look through the camera beside it would be wrong.
        ("not-running", ControlError),
    ],
)
def test_why_there_is_no_picture_keeps_its_code(
    tmp_path: Path, code: str, kind: type[PasserbyError]
) -> None:
    def serve(door: socket.socket) -> None:
        door.recv(4096)
        door.sendall(b'{"error": {"code": "%s", "message": "so it is"}}\n' % code.encode())

    with daemon(tmp_path, serve), pytest.raises(PasserbyError, match="so it is") as caught:
        ask(tmp_path)
    assert type(caught.value) is kind


@pytest.mark.parametrize("reply", [b"rubbish\n", b"[1]\n", b'{"error": nu', b"\xff\xff\n", b""])
def test_an_answer_that_is_none_is_a_control_error(tmp_path: Path, reply: bytes) -> None:
    def serve(door: socket.socket) -> None:
        door.recv(4096)
        door.sendall(reply)

    with daemon(tmp_path, serve), pytest.raises(ControlError, match="expected one line of JSON"):
        ask(tmp_path)


def test_a_daemon_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    done = threading.Event()

    def serve(door: socket.socket) -> None:
        done.wait(30)

    with daemon(tmp_path, serve):
        with pytest.raises(ControlError, match="no answer"):
            ask(tmp_path, 0.05)
        done.set()


@pytest.mark.parametrize("left_behind", [False, True])
def test_no_daemon_is_told_from_a_silent_one(tmp_path: Path, left_behind: bool) -> None:
    if left_behind:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(NotRunningError, match="passerby run"):
        ask(tmp_path)


def test_a_file_in_the_sockets_place_is_no_daemon(tmp_path: Path) -> None:
    (tmp_path / SOCKET_NAME).write_text("not a socket")
    with pytest.raises(NotRunningError):
        ask(tmp_path)
    with pytest.raises(NotRunningError):
        ask(tmp_path / SOCKET_NAME)


def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / SOCKET_NAME))
        listener.listen(0)
        crowd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        crowd.connect(str(tmp_path / SOCKET_NAME))
        with pytest.raises(ControlError, match="cannot be used"):
            ask(tmp_path, 0.1)

        def serve() -> None:
            for _ in range(2):
                door, _ = listener.accept()
                with door:
                    if door.recv(4096):
                        door.sendall(b'{"error": null}\n')

        thread = threading.Thread(target=serve)
        crowd.close()
        thread.start()
        assert ask(tmp_path) == {"error": None}
        thread.join()


@pytest.mark.parametrize("group", ["daemon", "root"])
def test_who_is_kept_out_is_told_the_way_in(group: str) -> None:
    number = grp.getgrnam(group).gr_gid
    with public_folder() as folder:
        shut = folder / "run"
        shut.mkdir()
        if os.getuid() == 0:
            os.chown(shut, -1, number)
        number = shut.stat().st_gid
        shut.chmod(0o640)
        told = as_stranger(lambda: ask(shut))
    assert told.startswith("ControlError: ")
    if number == 0:
        assert told.endswith("it is root's, ask it with sudo")
        return
    user = pwd.getpwuid(STRANGER if os.getuid() == 0 else os.getuid()).pw_name
    words = f"sudo usermod -aG {grp.getgrgid(number).gr_name} {user}, then log in anew"
    assert told.endswith(words)
