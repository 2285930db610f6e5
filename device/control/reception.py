# SPDX-License-Identifier: Apache-2.0
"""Answers who asks over the control socket: status and pause at once, captures with a frame."""

import base64
from dataclasses import dataclass
from typing import Any

from device.answers import picture_answer
from device.control.request import Request
from device.control.server import ControlServer
from device.control.wire import Call, failure
from device.errors import ControlError, PasserbyError
from device.protocols import Clock
from device.records import Frame, Observation, as_json
from device.stills import encode_jpeg
from device.vitals import Vitals


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A client that is owed a capture."""

    call: Call
    request: Request
    deadline: float


class Reception:
    """Serves the control socket between frames.

    Args:
        server: brings the calls and takes the answers.
        vitals: what is told of the daemon's health.
        source: the camera's name, for the captures' `file`.
        clock: for how long a capture may wait for a face.
    """

    def __init__(self, server: ControlServer, *, vitals: Vitals, source: str, clock: Clock) -> None:
        self._server = server
        self._vitals = vitals
        self._source = source
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._away: PasserbyError | None = None
        self.paused = False

    @property
    def expected(self) -> bool:
        """Whether a capture waits for the next frame."""
        return bool(self._waiting)

    def attend(self, seconds: float) -> None:
        """Serve whoever asks within `seconds`."""
        for call in self._server.wait(seconds):
            if call.request is not None:
                self._take(call, call.request)

    def serve(self, frame: Frame, observation: Observation) -> None:
        """Give this frame to the captures that wait for it, and to those that waited too long."""
        if not self._waiting:
            return
        still = ""
        left = []
        for waiting in self._waiting:
            overdue = self._clock.monotonic() >= waiting.deadline
            if not (observation.sightings or overdue):
                left.append(waiting)
                continue
            answer = capture_answer(self._source, observation)
            if waiting.request.still:
                still = still or base64.b64encode(encode_jpeg(frame.pixels)).decode("ascii")
                answer["still"] = still
            self._server.answer(waiting.call, answer)
        self._waiting = [waiting for waiting in left if not waiting.call.gone]

    def turn_away(self, error: PasserbyError | None) -> None:
        """Refuse captures with this error while the camera is lost; None: no longer."""
        self._away = error
        if error is not None:
            self._refuse(error)

    def close(self) -> None:
        """Refuse the captures that still wait: no further frame will come."""
        words = "the daemon stops, expected it to go on: try again when it runs"
        self._refuse(ControlError(words))

    def _take(self, call: Call, request: Request) -> None:
        if request.verb == "status":
            report = self._vitals.report(paused=self.paused)
            self._server.answer(call, {"error": None, **report})
        elif request.verb == "capture" and self.paused:
            error = ControlError("the daemon is paused, expected it to watch: resume it first")
            self._server.answer(call, failure(error))
        elif request.verb == "capture" and self._away is not None:
            self._server.answer(call, failure(self._away))
        elif request.verb == "capture":
            deadline = self._clock.monotonic() + request.wait_face_seconds
            self._waiting.append(_Waiting(call, request, deadline))
        else:
            self.paused = request.verb == "pause"
            if self.paused:
                words = "the daemon was paused, expected it to watch: resume it first"
                self._refuse(ControlError(words))
            self._server.answer(call, {"error": None, "paused": self.paused})

    def _refuse(self, error: PasserbyError) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self._server.answer(one.call, failure(error))


def capture_answer(source: str, observation: Observation) -> dict[str, Any]:
    """What a capture says: the line of `classify`, with the frame's number and time."""
    looks = [(sighting.face, sighting.perception) for sighting in observation.sightings]
    return {
        **picture_answer(source, looks, None),
        "frame": observation.frame,
        "taken_at": as_json(observation.taken_at),
    }
