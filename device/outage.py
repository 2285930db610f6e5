# SPDX-License-Identifier: Apache-2.0
"""What to do about a lost camera: pure, fed with what happened and when.

Each attempt is the life of a process: a fault is reported, the process exits with the camera's
code, and systemd starts the next one, which waits a little longer than the last before it opens the
camera. When the budget is used up the process stays alive, says why it is degraded, and looks for
the camera at a slow pace. A camera that has worked for a while ends the outage.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class RecoveryRules:
    """Attributes: see [camera.recovery] in `passerby config sample`."""

    attempts: int = 5
    first_delay_seconds: float = 1.0
    longest_delay_seconds: float = 30.0
    probe_seconds: float = 30.0
    settled_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Outage:
    """The camera is lost; this outlives the process. Times are monotonic seconds of one boot.

    Attributes:
        boot_id: the boot whose times these are.
        since: when the first fault was seen.
        failed_at: when the last one was.
        failures: how many there were, each the end of a process or of a probe's hope.
        code: the last error's.
        reason: the last error's message.
    """

    boot_id: str
    since: float
    failed_at: float
    failures: int
    code: str
    reason: str


class Stage(Enum):
    """How far an outage has gone."""

    WELL = "open"
    WAITING = "waiting"
    DEGRADED = "degraded"


def worse(outage: Outage | None, *, boot_id: str, now: float, code: str, reason: str) -> Outage:
    """The outage after one more fault; the first fault begins one."""
    if outage is None:
        return Outage(boot_id, now, now, 1, code, reason)
    return Outage(boot_id, outage.since, now, outage.failures + 1, code, reason)


def stage(outage: Outage | None, rules: RecoveryRules) -> Stage:
    """Whether to open the camera after a wait, or to look for it first."""
    if outage is None:
        return Stage.WELL
    return Stage.DEGRADED if outage.failures >= rules.attempts else Stage.WAITING


def delay_seconds(outage: Outage, rules: RecoveryRules) -> float:
    """How long after the last fault the camera is left alone."""
    if stage(outage, rules) is Stage.DEGRADED:
        return rules.probe_seconds
    doublings = min(outage.failures - 1, 32)
    return min(rules.first_delay_seconds * 2.0**doublings, rules.longest_delay_seconds)


def due(outage: Outage | None, rules: RecoveryRules) -> float:
    """The moment from which the camera may be opened (waiting) or looked for (degraded)."""
    return float("-inf") if outage is None else outage.failed_at + delay_seconds(outage, rules)


def is_settled(
    outage: Outage | None, rules: RecoveryRules, *, opened_at: float, now: float
) -> bool:
    """Whether a camera that has worked since `opened_at` is well again."""
    return outage is not None and now - opened_at >= rules.settled_seconds
