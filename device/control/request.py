# SPDX-License-Identifier: Apache-2.0
"""What a client asks of the daemon; light to import, since a client's start is waited for."""

from dataclasses import dataclass
from typing import Literal

Verb = Literal["status", "capture", "pause", "resume"]
MAX_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    """One question; `wait_face_seconds` is 0 to MAX_WAIT_SECONDS."""

    verb: Verb
    wait_face_seconds: float = 0.0
    still: bool = False
