# SPDX-License-Identifier: Apache-2.0
"""The control socket's server: status, captures, pause, asked over a unix socket.

Served from the daemon's one thread between frames. Clients are not trusted to behave: each has a
bounded line, a bounded answer and a deadline, there is room for a few of them, and a newcomer takes
the place of the one that has been silent for longest.
"""

import os
import select
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from device.control.wire import Call, failure
from device.errors import ControlError
from device.protocols import Clock

MAX_CLIENTS = 16
IDLE_SECONDS = 10.0
# unix(7): sun_path holds 108 bytes, one of them for its end.
_MAX_PATH_BYTES = 107
_ACCEPTED_AT_ONCE = 8
_QUEUE = 128


class ControlServer:
    """Listens on `path` (mode 0660) and hands out requests; never blocks longer than it is told.

    Args:
        path: the socket's; what a dead daemon left there is replaced, so hold the run lock first.
        clock: for the deadlines of clients.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._calls: dict[int, Call] = {}
        self._poll = select.poll()
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        """Begin to listen.

        Raises:
            ControlError: the socket cannot be made.
        """
        if len(os.fsencode(self._path)) > _MAX_PATH_BYTES:
            raise ControlError(
                f"{self._path} is too long for a socket, expected at most {_MAX_PATH_BYTES} bytes: "
                "choose a shorter run_directory"
            )
        try:
            self._listener = _listen(self._path)
        except OSError as error:
            raise ControlError(
                f"the socket {self._path} cannot be made ({error.strerror}), expected a run "
                "directory that can be written: check run_directory"
            ) from error
        self._poll.register(self._listener, select.POLLIN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up on everybody and remove the socket."""
        for call in list(self._calls.values()):
            self._hang_up(call)
        if self._listener is not None:
            self._path.unlink(missing_ok=True)
            self._poll.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def wait(self, seconds: float) -> list[Call]:
        """Serve whoever stirs within `seconds` (0: right now); the calls that brought a request."""
        stirred = []
        for descriptor, _ in self._poll.poll(max(0.0, seconds) * 1e3):
            call = self._calls.get(descriptor)
            if call is not None:
                stirred.append(call)
            elif self._listener is not None and descriptor == self._listener.fileno():
                # Most newcomers have asked already: to hear them later would cost them a frame.
                stirred += self._accept(self._listener)
        for call in [call for call in stirred if not call.gone]:
            self._attend(call)
        asked = [call for call in stirred if call.waiting and not call.gone]
        now = self._clock.monotonic()
        for call in [c for c in self._calls.values() if now > c.deadline and not c.waiting]:
            self._hang_up(call)
        return asked

    def answer(self, call: Call, reply: Mapping[str, Any]) -> None:
        """Answer a call; a client that has left meanwhile is passed over."""
        if not call.gone:
            call.answer(reply, deadline=self._clock.monotonic() + IDLE_SECONDS)
            self._watch(call)

    def _accept(self, listener: socket.socket) -> list[Call]:
        newcomers: list[Call] = []
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                door, _ = listener.accept()
            except OSError:  # nobody left, or the newcomer has gone, or no descriptor is free
                break
            if len(self._calls) >= MAX_CLIENTS and not self._make_room():
                door.close()
                continue
            door.setblocking(False)
            call = Call(door, deadline=self._clock.monotonic() + IDLE_SECONDS)
            self._calls[door.fileno()] = call
            self._poll.register(door, select.POLLIN)
            newcomers.append(call)
        return newcomers

    def _make_room(self) -> bool:
        """Hang up on the most overdue client, unless every one is owed an answer."""
        silent = [call for call in self._calls.values() if not call.waiting]
        if silent:
            self._hang_up(min(silent, key=lambda call: call.deadline))
        return bool(silent)

    def _attend(self, call: Call) -> None:
        if call.waiting:
            call.gone = True  # it is polled for nothing but its hanging up
        elif call.answered:
            call.send()
        else:
            try:
                call.hear()
            except ControlError as error:
                self.answer(call, failure(error))
                return
        self._watch(call)

    def _watch(self, call: Call) -> None:
        """Wait for the one thing that this client may do next."""
        if call.gone:
            self._hang_up(call)
        elif call.answered:
            self._poll.modify(call.door, select.POLLOUT)
        else:
            self._poll.modify(call.door, 0 if call.waiting else select.POLLIN)

    def _hang_up(self, call: Call) -> None:
        call.gone = True
        self._calls.pop(call.door.fileno(), None)
        self._poll.unregister(call.door)
        call.door.close()


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    mask = os.umask(0o117)  # a chmod after bind would let anybody connect in between
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(_QUEUE)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener
