# SPDX-License-Identifier: Apache-2.0
"""How a run goes, read from what it has written: its curves, where it is, how long it still takes.

`events.jsonl` (training/runlog.py) is read anew each time: it is the only truth, whether the run
lives or not and whoever started it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

# So many points are all that a curve can show.
MOST_POINTS: Final = 300


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve; `at` is in epochs, 1 being the end of the first one."""

    at: float
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch ended with; figures of `held_out` pictures were never trained on."""

    number: int
    phase: str
    training: Point
    held_out: Point


@dataclass(frozen=True, slots=True)
class Course:
    """Where a run is.

    Attributes:
        step, steps: done and in all.
        running: points within epochs, means since the epoch's begin.
        epochs: those that have ended.
        seconds_left: as far as this process's speed tells, or None.
        ended: whether it was trained to the end.
    """

    step: int
    steps: int
    running: tuple[Point, ...]
    epochs: tuple[Epoch, ...]
    seconds_left: float | None
    ended: bool

    @property
    def best(self) -> Epoch | None:
        """The epoch with the highest accuracy on held-out pictures, which is the one kept."""
        return max(self.epochs, key=lambda each: each.held_out.accuracy or 0.0, default=None)


def read_course(workdir: Path, *, epochs: int) -> Course | None:
    """Where the run in `workdir` is; None before its first event.

    Args:
        workdir: of the run.
        epochs: how many it has in all.
    """
    events = _events(workdir / "events.jsonl")
    if not events:
        return None
    steps = max(event.get("steps", 0) for event in events)
    per_epoch = max(1, steps / max(1, epochs))
    running: dict[int, Point] = {}
    ended: dict[int, Epoch] = {}
    for event in events:
        kind = event.get("event")
        if kind == "start":  # a resumed run does the steps after its checkpoint again
            running = {step: p for step, p in running.items() if step <= event["step"]}
        elif kind == "step" and event.get("loss") is not None:
            step = event["step"]
            running[step] = Point(step / per_epoch, event["loss"], event.get("accuracy"))
        elif kind == "epoch":
            ended[event["epoch"]] = _epoch(event)
    last = next((event["step"] for event in reversed(events) if "step" in event), 0)
    done = max(last, round(len(ended) * per_epoch))
    return Course(
        step=done,
        steps=steps,
        running=_thinned([running[step] for step in sorted(running)]),
        epochs=tuple(ended[number] for number in sorted(ended)),
        seconds_left=_seconds_left(events, steps),
        ended=events[-1].get("event") == "end",
    )


def in_words(seconds: float) -> str:
    """A duration as a person says it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} minute" + "s" * (minutes != 1)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _events(path: Path) -> list[dict[str, Any]]:
    """All whole lines; the last may be cut short by a kill or be on its way."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError:
        return []
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    return [decode(line) for line in lines if line.endswith(b"}\n")]


def _epoch(event: dict[str, Any]) -> Epoch:
    number = event["epoch"] + 1
    return Epoch(
        number=number,
        phase=event["phase"],
        training=Point(number, event["loss"], event["accuracy"]),
        held_out=Point(number, event["select_loss"], event["select_accuracy"]),
    )


def _seconds_left(events: Sequence[dict[str, Any]], steps: int) -> float | None:
    """By the speed since the process at work began its first second of steps."""
    begin = max(i for i, event in enumerate(events) if event["event"] == "start" or i == 0)
    told = [event for event in events[begin:] if event["event"] == "step"]
    if len(told) < 2 or told[-1]["step"] <= told[0]["step"]:
        return None
    speed = (told[-1]["step"] - told[0]["step"]) / max(1e-3, told[-1]["time"] - told[0]["time"])
    return float((steps - told[-1]["step"]) / speed)


def _thinned(points: Sequence[Point]) -> tuple[Point, ...]:
    every = -(-len(points) // MOST_POINTS) or 1
    return tuple(points[i] for i in range(len(points)) if i % every == 0 or i == len(points) - 1)
