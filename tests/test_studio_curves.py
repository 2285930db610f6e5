# SPDX-License-Identifier: Apache-2.0
"""Where a run is, by its events: resumed, cut short, finished."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.studio.curve_charts import compared, curve
from training.studio.curves import MOST_POINTS, Point, in_words, read_course


def write(folder: Path, *events: dict[str, Any], rest: str = "") -> Path:
    lines = [json.dumps({"time": 100.0 + i, **event}) + "\n" for i, event in enumerate(events)]
    (folder / "events.jsonl").write_text("".join(lines) + rest)
    return folder


def start(step: int = 0, steps: int = 40) -> dict[str, Any]:
    return {"event": "start", "step": step, "steps": steps}


def step(number: int, loss: float | None = 0.5) -> dict[str, Any]:
    return {"event": "step", "step": number, "steps": 40, "loss": loss, "accuracy": 0.7}


def epoch(number: int, held_out: float) -> dict[str, Any]:
    figures = {"loss": 0.5, "accuracy": 0.7, "select_loss": 0.6, "select_accuracy": held_out}
    return {"event": "epoch", "epoch": number, "phase": "unfrozen", **figures}


def test_nothing_is_there_before_the_first_event(tmp_path: Path) -> None:
    assert read_course(tmp_path, epochs=4) is None


def test_a_run_under_way(tmp_path: Path) -> None:
    events = (start(), step(5), step(10), epoch(0, 0.8), step(15))
    course = read_course(write(tmp_path, *events, rest='{"event": "ste'), epochs=4)
    assert course is not None
    assert (course.step, course.steps, course.ended) == (15, 40, False)
    assert course.running[0] == Point(0.5, 0.5, 0.7)
    assert [each.number for each in course.epochs] == [1]
    # 10 steps in the 3 seconds from the first step told to the last, 25 to go.
    assert course.seconds_left == pytest.approx(25 / (10 / 3))


def test_a_resumed_run_forgets_the_steps_that_it_does_again(tmp_path: Path) -> None:
    again = step(10, loss=0.1)
    course = read_course(
        write(tmp_path, start(), step(5), step(10), step(15), start(step=8), again), epochs=4
    )
    assert course is not None
    assert course.running == (Point(0.5, 0.5, 0.7), Point(1.0, 0.1, 0.7))
    assert (course.step, course.seconds_left) == (10, None)


def test_a_finished_run_and_its_best_epoch(tmp_path: Path) -> None:
    events = (start(), epoch(0, 0.8), epoch(1, 0.9), epoch(2, 0.85), epoch(3, 0.7))
    course = read_course(write(tmp_path, *events, {"event": "end", "best": 0.9}), epochs=4)
    assert course is not None
    assert course.ended
    assert (course.step, course.steps) == (40, 40)
    assert course.best is not None
    assert course.best.number == 2
    drawn = compared({"one": course}).to_dict()
    (rows,) = drawn["datasets"].values() if "datasets" in drawn else [drawn["data"]["values"]]
    assert [row["accuracy"] for row in rows] == [0.8, 0.9, 0.85, 0.7]


def test_what_a_kill_left_without_a_figure_is_not_drawn(tmp_path: Path) -> None:
    lone = epoch(0, 0.8) | {"loss": None, "accuracy": None}
    course = read_course(write(tmp_path, start(), step(3, loss=None), lone), epochs=4)
    assert course is not None
    assert course.running == ()
    drawn = curve(course, "loss").to_dict()
    (rows,) = drawn["datasets"].values() if "datasets" in drawn else [drawn["data"]["values"]]
    assert rows == [{"epoch": 1, "loss": 0.6, "on": "held out"}]


def test_long_runs_are_thinned_and_keep_their_last_point(tmp_path: Path) -> None:
    events = [step(i) for i in range(1, 2001)]
    course = read_course(write(tmp_path, start(steps=4000), *events), epochs=4)
    assert course is not None
    assert len(course.running) <= MOST_POINTS + 1
    assert course.running[-1].at == 2.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12, "less than a minute"), (65, "1 minute"), (600, "10 minutes"), (7500, "2 h 05 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
