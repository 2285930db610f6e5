# SPDX-License-Identifier: Apache-2.0
"""Gets a lost camera back over restarts: keeps the outage in a file, waits, and looks for it."""

import logging
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from device.errors import CameraError, CameraStalledError, PasserbyError, camera_fault
from device.outage import Outage, RecoveryRules, Stage, due, is_settled, stage, worse
from device.outage_file import OutageFile
from device.probe import Probe
from device.protocols import Clock, Resource

log = logging.getLogger(__name__)

_NEVER_OPENED = (
    "the process was ended while it waited for the first frame, expected a driver that answers: "
    "check the camera's cable, and whether another one works"
)
# How often a wait looks up: for the child, for the watchdog, for signals.
_TURN_SECONDS = 0.5


class Comeback(Resource, Protocol):
    """Says when the camera may be opened, and is told how that went."""

    def wait_seconds(self) -> float | None:
        """How long to do something else before asking again; None: open the camera now."""
        ...

    def opening(self) -> None:
        """The camera is opened now, and may never come out of it."""
        ...

    def failed(self, error: PasserbyError) -> None:
        """The camera could not be opened, or was lost; the process is going to end."""
        ...

    def works(self) -> None:
        """A frame came."""
        ...

    def sentence(self) -> str:
        """Why the camera is not open, for a person; empty when nothing is wrong."""
        ...

    def error(self) -> PasserbyError | None:
        """The same as an error of the code that the camera failed with; None: nothing is wrong."""
        ...

    def state(self) -> dict[str, Any]:
        """For `passerby status`: at least {"state": "open" | "waiting" | "degraded"}."""
        ...


class NoComeback:
    """Nobody restarts this process: a lost camera ends it, and nothing is remembered."""

    def __enter__(self) -> Self:
        """Nothing to read."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to end."""

    def wait_seconds(self) -> float | None:
        """Open it now."""
        return None

    def opening(self) -> None:
        """Do nothing."""

    def failed(self, error: PasserbyError) -> None:
        """Do nothing."""

    def works(self) -> None:
        """Do nothing."""

    def sentence(self) -> str:
        """Nothing is wrong that this would know of."""
        return ""

    def error(self) -> PasserbyError | None:
        """Nothing is wrong that this would know of."""
        return None

    def state(self) -> dict[str, Any]:
        """The camera is open, or the process ends."""
        return {"state": Stage.WELL.value}


class RestartedComeback:
    """The camera is got back over restarts.

    Args:
        directory: where the outage is kept; it must outlast the process, not the boot.
        rules: how often, how long.
        probe: looks for the camera.
        clock: tells the time.
    """

    def __init__(
        self,
        directory: Path,
        *,
        rules: RecoveryRules,
        probe: Probe,
        clock: Clock,
    ) -> None:
        self._file = OutageFile(directory)
        self._rules = rules
        self._probe = probe
        self._clock = clock
        self._outage = self._file.read(clock.stamp().boot_id)
        self._opening = False
        self._found = False
        self._looked = False
        self._opened_at: float | None = None
        self._next_look = due(self._outage, rules)

    def __enter__(self) -> Self:
        """Tell of an outage that goes on."""
        if self._outage is not None:
            log.warning("%s", self.sentence())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End a look that is still being taken, and an opening that somebody stopped."""
        self._probe.end()
        self._opened()

    def wait_seconds(self) -> float | None:
        """Wait out the delay, or look for a camera that was given up on until it is there."""
        now = self._clock.monotonic()
        if self._stage is not Stage.DEGRADED or self._found:
            left = 0.0 if self._found else self._next_look - now
            return min(left, _TURN_SECONDS) if left > 0 else None
        if self._probe.running:
            self._judge(self._probe.poll())
        elif now >= self._next_look:
            self._probe.begin()
        return None if self._found else _TURN_SECONDS

    def opening(self) -> None:
        """Write down that it failed, until a frame comes: what hangs in a driver tells nothing."""
        self._opening = True
        self._file.write(self._after(CameraStalledError(_NEVER_OPENED)))

    def failed(self, error: PasserbyError) -> None:
        """Write the outage down for the next process, and say what will happen."""
        self._outage = self._after(error)
        self._opening = False
        self._opened_at = None
        self._found = False
        self._next_look = due(self._outage, self._rules)
        self._file.write(self._outage)
        log.error("%s", self.sentence())

    def works(self) -> None:
        """Forget the outage once the camera has worked for long enough."""
        self._opened()
        if self._outage is None:
            return
        now = self._clock.monotonic()
        if self._opened_at is None:
            self._opened_at = now
            log.warning("the camera is back after %.0f s", now - self._outage.since)
        if is_settled(self._outage, self._rules, opened_at=self._opened_at, now=now):
            self._outage = None
            self._file.write(None)

    def sentence(self) -> str:
        """What is wrong, how often it was, and what comes next; empty while frames come."""
        outage = self._outage
        if outage is None or self._opened_at is not None:
            return ""
        left = max(0.0, self._next_look - self._clock.monotonic())
        told = f"the camera is lost ({outage.code}, {outage.failures} times): {outage.reason}"
        if self._stage is Stage.DEGRADED:
            return f"degraded: {told}; looking for it every {self._rules.probe_seconds:g} s"
        return f"{told}; attempt {outage.failures + 1} of {self._rules.attempts} in {left:.0f} s"

    def error(self) -> PasserbyError | None:
        """What the sentence says, with the code of the last fault."""
        words = self.sentence()
        if self._outage is None or not words:
            return None
        return camera_fault(self._outage.code, words) or CameraError(words)

    def state(self) -> dict[str, Any]:
        """The stage; during an outage also why, since when, and how often it was tried."""
        outage = self._outage
        if outage is None:
            return {"state": Stage.WELL.value}
        now = self._clock.monotonic()
        well = self._opened_at is not None
        return {
            "state": Stage.WELL.value if well else self._stage.value,
            "code": outage.code,
            "reason": outage.reason,
            "failures": outage.failures,
            "lost_seconds": round(now - outage.since, 3),
            "next_look_seconds": None if well else round(max(0.0, self._next_look - now), 3),
        }

    @property
    def _stage(self) -> Stage:
        return stage(self._outage, self._rules)

    def _after(self, error: PasserbyError) -> Outage:
        """The outage with one more fault, now."""
        stamp = self._clock.stamp()
        return worse(
            self._outage,
            boot_id=stamp.boot_id,
            now=stamp.monotonic,
            code=error.code,
            reason=str(error),
        )

    def _opened(self) -> None:
        """Take back what `opening` wrote."""
        if self._opening:
            self._opening = False
            self._file.write(self._outage)

    def _judge(self, found: bool | None) -> None:
        if found is None:
            return
        self._found = found
        self._next_look = self._clock.monotonic() + self._rules.probe_seconds
        if found:
            log.warning("looked for the camera: it is there")
        elif not self._looked:
            # Once: a camera that is lost for a year must not fill the journal.
            log.warning("looked for the camera: still lost; further looks are not told")
        self._looked = True
