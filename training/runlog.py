# SPDX-License-Identifier: Apache-2.0
"""What a training run tells as it goes: events.jsonl and history.csv, whole after any kill."""

import csv
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

HISTORY_FIELDS: Final = ("epoch", "phase", "loss", "accuracy", "select_loss", "select_accuracy")

Progress = Callable[[dict[str, Any]], None]


class RunLog:
    """The events and the history in a run's folder."""

    def __init__(self, folder: Path, *, progress: Progress, writes: bool = True) -> None:
        """Go on after what is there.

        Args:
            folder: of the run.
            progress: called with every event.
            writes: False in a worker that leaves the files to its chief.
        """
        self._events, self._history = folder / "events.jsonl", folder / "history.csv"
        self._progress, self._writes = progress, writes
        if writes and self._events.exists():
            text = self._events.read_bytes()
            if not text.endswith(b"\n"):  # a kill cut the last line short
                self._events.write_bytes(text[: text.rfind(b"\n") + 1])

    def event(self, kind: str, **values: Any) -> None:
        """Write one line to events.jsonl (null for NaN, which JSON lacks) and tell the caller."""
        line = {"event": kind, "time": round(time.time(), 3), **values}
        finite = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in line.items()
        }
        if self._writes:
            with self._events.open("a") as file:
                file.write(json.dumps(finite) + "\n")
        self._progress(line)

    def epoch(self, row: dict[str, Any]) -> None:
        """Add an epoch to history.csv, in the place of one that was judged before."""
        if not self._writes:
            return
        known = []
        if self._history.exists():
            with self._history.open(newline="") as file:
                # An epoch can be judged twice when the kill came right before the checkpoint.
                known = [r for r in csv.DictReader(file) if int(r["epoch"]) < row["epoch"]]
        fresh = self._history.with_suffix(".fresh")
        with fresh.open("w", newline="") as file:
            writer = csv.DictWriter(file, HISTORY_FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows([*known, row])
        fresh.replace(self._history)
