# SPDX-License-Identifier: Apache-2.0
"""What goes over the control socket: one line of JSON asks, one line of JSON answers.

Requests: `{"verb": "status"}`, `{"verb": "capture", "wait_face_seconds": 5, "still": false}`,
`{"verb": "pause"}`, `{"verb": "resume"}`; fields that are not known are ignored, so that newer
clients work. An answer holds `"error": null` or `"error": {"code", "message", "exit_status"}`. A
connection carries one request.
"""

import socket
from collections.abc import Mapping
from typing import Any

import msgspec

from device.control.request import MAX_WAIT_SECONDS, Request
from device.errors import ControlError, PasserbyError

MAX_LINE_BYTES = 4096

_DECODER = msgspec.json.Decoder(Request)


def parse(line: bytes) -> Request:
    """Read one request.

    Raises:
        ControlError: the line is no request.
    """
    try:
        request = _DECODER.decode(line)
        if not 0 <= request.wait_face_seconds <= MAX_WAIT_SECONDS:
            raise msgspec.ValidationError(f"wait_face_seconds is not 0 to {MAX_WAIT_SECONDS:g}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise ControlError(
            f'the request is not understood ({error}), expected a line such as {{"verb": "status"}}'
        ) from error
    return request


def failure(error: PasserbyError) -> dict[str, object]:
    """The answer that tells of an error."""
    return {"error": {"code": error.code, "message": str(error), "exit_status": error.exit_status}}


class Call:
    """The server's end of one connection; `deadline` is for whatever the client has to do next.

    Args:
        door: the connected socket, not blocking.
        deadline: when its silence is too long, on the server's clock.
    """

    def __init__(self, door: socket.socket, *, deadline: float) -> None:
        self.door = door
        self.deadline = deadline
        self.request: Request | None = None
        self.answered = False
        self.gone = False
        self._heard = b""
        self._said = memoryview(b"")

    @property
    def waiting(self) -> bool:
        """Whether the client has asked and is owed an answer."""
        return self.request is not None and not self.answered

    def hear(self) -> None:
        """Take in what the client says; once its line is whole, `request` is set.

        Raises:
            ControlError: the line is no request, or too long to be one.
        """
        try:
            data = self.door.recv(MAX_LINE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.gone = True
            return
        self._heard += data
        line, newline, _ = self._heard.partition(b"\n")
        if len(line) > MAX_LINE_BYTES:
            raise ControlError(
                f"the request is longer than {MAX_LINE_BYTES} bytes, expected one short line: "
                "leave out what is no part of it"
            )
        if newline or (line and not data):
            self.request = parse(line)
        elif not data:
            self.gone = True

    def answer(self, reply: Mapping[str, Any], *, deadline: float) -> None:
        """Say one line; what the client does not take at once is kept until `deadline`."""
        self.answered = True
        self.deadline = deadline
        self._said = memoryview(msgspec.json.encode(reply) + b"\n")
        self.send()

    def send(self) -> None:
        """Push out what the client takes now; `gone` once all is said."""
        try:
            while self._said:
                self._said = self._said[self.door.send(self._said) :]
        except BlockingIOError:
            return
        except OSError:
            self._said = memoryview(b"")
        self.gone = True
