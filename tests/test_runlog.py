# SPDX-License-Identifier: Apache-2.0
"""What a run tells stays readable after a kill at any moment."""

import json
import math
from pathlib import Path
from typing import Any

from training.runlog import RunLog


def test_events_are_json_even_without_a_loss(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    log = RunLog(tmp_path, progress=told.append)
    log.event("epoch", loss=math.nan, accuracy=0.5)
    line = (tmp_path / "events.jsonl").read_text()
    event = json.loads(line, parse_constant=lambda word: f"{word} is no JSON")
    assert event["loss"] is None
    assert event["accuracy"] == 0.5
    assert math.isnan(told[0]["loss"])  # a number still, for whoever formats it


def test_a_line_that_a_kill_cut_short_is_dropped(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    for cut in ('{"event": "sta', '{"event": "start"}\n{"eve'):
        events.write_text(cut)
        RunLog(tmp_path, progress=lambda _: None).event("start")
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        assert [line["event"] for line in lines] == ["start"] * (1 + cut.count("\n"))


def test_an_epoch_that_is_judged_again_replaces_its_row(tmp_path: Path) -> None:
    log = RunLog(tmp_path, progress=lambda _: None)
    figures = {"phase": "all", "loss": 1, "accuracy": 1, "select_loss": 1}
    for epoch, accuracy in ((0, 0.5), (1, 0.6), (1, 0.7)):
        log.epoch({"epoch": epoch, **figures, "select_accuracy": accuracy})
    assert (tmp_path / "history.csv").read_text().splitlines()[1:] == [
        "0,all,1,1,1,0.5",
        "1,all,1,1,1,0.7",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]
