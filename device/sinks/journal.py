# SPDX-License-Identifier: Apache-2.0
"""Results as JSON lines on a file descriptor, usually standard output.

One line per ended visit: `{"event": "visit", "identity", "started", "ended", "perceived_gender",
"confidence", "sightings", "female_weight", "male_weight"}`; if asked also one per frame:
`{"event": "frame", "frame", "taken_at", "faces", "timings"}`. Times are as in `records.as_json`.
"""

import errno
import logging
import os
import select
from types import TracebackType
from typing import Any, Self

import msgspec

from device.records import Observation, Sighting, Visit, as_json

log = logging.getLogger(__name__)

# A pipe that poll(2) calls writable takes this much without blocking (POSIX PIPE_BUF on Linux).
_CHUNK_BYTES = 4096
_MAX_HELD_BYTES = 1024 * 1024
_LAST_WORDS_MILLISECONDS = 500
_LOST_READER = (errno.EPIPE, errno.EBADF, errno.ECONNRESET)


class Journal:
    """Writes JSON lines and never blocks or fails the loop, whatever becomes of the reader.

    A reader that is slow finds up to a mebibyte kept for it; lines beyond that are dropped and
    counted. A reader that has gone ends the journal, not the daemon.

    Args:
        descriptor: where the lines go; it stays open.
        verbose: also write one line per frame.
    """

    def __init__(self, descriptor: int, *, verbose: bool) -> None:
        self._descriptor = descriptor
        self._verbose = verbose
        self._held = bytearray()
        self._written = 0
        self._dropped = 0
        self._error: str | None = None
        self._lost = False

    def __enter__(self) -> Self:
        """Nothing to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is still held, as far as the reader takes it soon."""
        self._drain(_LAST_WORDS_MILLISECONDS)

    def publish(self, observation: Observation) -> None:
        """Write the visits that ended with this frame, and the frame itself if asked to."""
        for visit in observation.ended:
            self._line({"event": "visit", **visit_fields(visit)})
        if self._verbose and observation.timings:
            self._line({"event": "frame", **_frame_fields(observation)})
        self._drain(0)

    def tick(self) -> None:
        """Write what is held, as far as the reader takes it at once."""
        self._drain(0)

    def state(self) -> dict[str, object]:
        """Lines written and dropped, bytes held, and the last error."""
        return {
            "ok": self._error is None,
            "written": self._written,
            "dropped": self._dropped,
            "held_bytes": len(self._held),
            "error": self._error,
        }

    def _line(self, fields: dict[str, Any]) -> None:
        line = msgspec.json.encode(fields) + b"\n"
        if self._lost or len(self._held) + len(line) > _MAX_HELD_BYTES:
            self._dropped += 1
            return
        self._held += line
        self._written += 1

    def _drain(self, milliseconds: float) -> None:
        """Write while the reader takes it, waiting for it so long at each step."""
        if not self._held:
            return
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while self._held and poll.poll(milliseconds):
            if not self._write():
                return

    def _write(self) -> bool:
        try:
            done = os.write(self._descriptor, self._held[:_CHUNK_BYTES])
        except BlockingIOError:
            return False
        except OSError as error:
            self._note(error)
            return False
        del self._held[:done]
        self._error = None
        return True

    def _note(self, error: OSError) -> None:
        if self._error is None:
            log.warning("the journal cannot be written: %s; counting goes on", error.strerror)
        self._error = error.strerror
        if error.errno in _LOST_READER:
            self._lost = True
            self._held.clear()


def visit_fields(visit: Visit) -> dict[str, Any]:
    """A visit as JSON has it."""
    return {
        "identity": visit.identity,
        "started": as_json(visit.started),
        "ended": as_json(visit.ended),
        "perceived_gender": visit.perceived_gender,
        "confidence": round(visit.confidence, 4),
        "sightings": visit.sightings,
        "female_weight": round(visit.female_weight, 4),
        "male_weight": round(visit.male_weight, 4),
    }


def _frame_fields(observation: Observation) -> dict[str, Any]:
    return {
        "frame": observation.frame,
        "taken_at": as_json(observation.taken_at),
        "faces": [_sighting_fields(sighting) for sighting in observation.sightings],
        "timings": {stage: round(spent, 3) for stage, spent in observation.timings.items()},
    }


def _sighting_fields(sighting: Sighting) -> dict[str, Any]:
    box = sighting.face.box
    return {
        "track": sighting.track,
        "box": [round(value, 1) for value in (box.x, box.y, box.width, box.height)],
        "detection_score": round(sighting.face.score, 4),
        "perceived_gender": sighting.steady,
        "confidence": round(sighting.steady_confidence, 4),
    }
