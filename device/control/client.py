# SPDX-License-Identifier: Apache-2.0
"""The control socket's client: asks the running daemon one thing and waits for its answer.

A person waits for its start, so it imports little: no settings, and the standard library's JSON.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from device.control.request import Request
from device.errors import ControlError, NotRunningError, camera_fault

SOCKET_NAME = "passerby.sock"
# A still of the largest picture that a camera gives fits well into this.
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_KNOCK_SECONDS = 0.05
# The longest that the settings allow for one frame and for a stop. A daemon that hangs is ended by
# its watchdog long before.
_PATIENCE_SECONDS = 120.0


class ControlClient:
    """Speaks to the daemon that listens in `run_directory`.

    Args:
        run_directory: where the control socket is.
        timeout_seconds: how long the daemon may take for an answer, besides what is waited for. It
            answers between two frames, so this is longer than its camera may take for one.
    """

    def __init__(self, run_directory: Path, *, timeout_seconds: float = _PATIENCE_SECONDS) -> None:
        self._path = run_directory / SOCKET_NAME
        self._timeout = timeout_seconds

    def ask(self, request: Request) -> dict[str, Any]:
        """Send one request and read its answer.

        Raises:
            NotRunningError: nobody listens, or the socket is a dead daemon's.
            CameraError, BusyError: the daemon has no camera; its own reason and code.
            ControlError: the daemon refused, or did not answer in time or not as it should.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(self._timeout + request.wait_face_seconds)
            self._connect(door)
            try:
                door.sendall(_line(request))
                line = _read_line(door)
            except OSError as error:
                raise ControlError(
                    f"the daemon at {self._path} gave no answer ({error}), expected one within "
                    f"{self._timeout:g} s: see its log"
                ) from error
        return self._understand(line)

    def _connect(self, door: socket.socket) -> None:
        try:
            self._knock(door)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
            raise NotRunningError(
                f"no daemon listens at {self._path}, expected a running one: start it with "
                "`passerby run`"
            ) from error
        except PermissionError as error:
            raise ControlError(
                f"the socket {self._path} cannot be used ({error}), expected to be let in: "
                f"{_way_in(self._path.parent)}"
            ) from error
        except OSError as error:
            raise ControlError(
                f"the socket {self._path} cannot be used ({error}), expected to be let in: see the "
                "daemon's log"
            ) from error

    def _knock(self, door: socket.socket) -> None:
        """Connect, again and again while the daemon's queue of newcomers is full."""
        begun = time.monotonic()
        while True:
            try:
                door.connect(str(self._path))
            except BlockingIOError:
                if time.monotonic() - begun > self._timeout:
                    raise
                time.sleep(_KNOCK_SECONDS)
            else:
                return

    def _understand(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
            if not isinstance(answer, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError) as error:
            raise ControlError(
                f"the daemon at {self._path} answered {line[:60]!r}, expected one line of JSON: "
                "is it of the same version?"
            ) from error
        fault = answer.get("error")
        if isinstance(fault, dict):
            words = str(fault.get("message", fault))
            raise camera_fault(str(fault.get("code")), words) or ControlError(words)
        return answer


def _way_in(folder: Path) -> str:
    """What lets this user ask the daemon whose socket lies in `folder`."""
    import grp  # noqa: PLC0415  only who is kept out needs it
    import pwd  # noqa: PLC0415

    try:
        number = folder.stat().st_gid
        group, user = grp.getgrgid(number).gr_name, pwd.getpwuid(os.geteuid()).pw_name
    except (KeyError, OSError):
        return "are you in its group?"
    if number == 0:  # a daemon that root started by hand, whose group is not to be given away
        return "it is root's, ask it with sudo"
    return f"are you in its group? sudo usermod -aG {group} {user}, then log in anew"


def _line(request: Request) -> bytes:
    asked = {
        "verb": request.verb,
        "wait_face_seconds": request.wait_face_seconds,
        "still": request.still,
    }
    return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


def _read_line(door: socket.socket) -> bytes:
    heard = bytearray()
    while not heard.endswith(b"\n") and len(heard) < _MAX_ANSWER_BYTES:
        data = door.recv(1 << 16)
        if not data:
            break
        heard += data
    return bytes(heard)
