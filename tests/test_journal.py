# SPDX-License-Identifier: Apache-2.0
"""The journal's lines, and readers that are slow, gone or full."""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from device.records import Box, Face, Observation, Perception, Sighting, Stamp, Visit
from device.sinks.journal import Journal

STAMP = Stamp("boot", 12.3456, 1_700_000_000.25, True)
VISIT = Visit("v-1", STAMP, replace(STAMP, monotonic=14.0), "female", 0.91239, 7, 3.25, 0.31)
FACE = Face(Box(10.04, 20, 30, 40), ((1, 2),) * 6, 0.87654)
SIGHTING = Sighting(3, FACE, Perception(0.9, 0.1, "female"), "unsure", 0.6)
SEEN = Observation(5, STAMP, 640, 480, (SIGHTING,), (VISIT,), {"detect": 1.23456}, {})


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def lines(reader: int) -> list[dict[str, object]]:
    data = b""
    while True:
        try:
            more = os.read(reader, 1 << 16)
        except BlockingIOError:
            break
        if not more:
            break
        data += more
    return [json.loads(line) for line in data.splitlines()]


def test_one_line_per_ended_visit(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    with Journal(writer, verbose=False) as journal:
        journal.publish(replace(SEEN, ended=()))
        assert lines(reader) == []
        journal.publish(SEEN)
        (line,) = lines(reader)
    assert line == {
        "event": "visit",
        "identity": "v-1",
        "started": {
            "boot_id": "boot",
            "monotonic": 12.346,
            "wall": 1_700_000_000.25,
            "clock_synchronised": True,
        },
        "ended": {
            "boot_id": "boot",
            "monotonic": 14.0,
            "wall": 1_700_000_000.25,
            "clock_synchronised": True,
        },
        "perceived_gender": "female",
        "confidence": 0.9124,
        "sightings": 7,
        "female_weight": 3.25,
        "male_weight": 0.31,
    }
    assert journal.state() == {
        "ok": True,
        "written": 1,
        "dropped": 0,
        "held_bytes": 0,
        "error": None,
    }


def test_verbose_adds_a_line_per_frame_that_was_looked_at(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    with Journal(writer, verbose=True) as journal:
        journal.publish(replace(SEEN, ended=()))
        journal.publish(replace(SEEN, ended=(), timings={}))
    (line,) = lines(reader)
    assert line["event"] == "frame"
    assert line["frame"] == 5
    assert line["timings"] == {"detect": 1.235}
    assert line["faces"] == [
        {
            "track": 3,
            "box": [10.0, 20.0, 30.0, 40.0],
            "detection_score": 0.8765,
            "perceived_gender": "unsure",
            "confidence": 0.6,
        }
    ]


def test_a_reader_that_left_ends_the_journal_only(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = pipe
    os.close(reader)
    with Journal(writer, verbose=False) as journal:
        for _ in range(3):
            journal.publish(SEEN)
    state = journal.state()
    assert state["ok"] is False
    assert state["dropped"] == 2
    assert "Broken pipe" in str(state["error"])
    assert len(caplog.records) == 1


def test_a_reader_that_sleeps_never_blocks_and_gets_whole_lines(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    many = replace(SEEN, ended=(VISIT,) * 50)
    journal = Journal(writer, verbose=False)
    for _ in range(100):
        journal.publish(many)
    assert journal.state()["dropped"] != 0
    got = []
    while journal.state()["held_bytes"]:
        got.append(os.read(reader, 1 << 16))
        journal.publish(replace(SEEN, ended=()))
    got.append(os.read(reader, 1 << 16))
    whole = [json.loads(line) for line in b"".join(got).splitlines()]
    assert len(whole) == journal.state()["written"]
    assert {line["identity"] for line in whole} == {"v-1"}


def test_last_words_do_not_wait_for_ever(pipe: tuple[int, int]) -> None:
    _, writer = pipe
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with Journal(writer, verbose=False) as journal:
        journal.publish(replace(SEEN, ended=(VISIT,) * 50))
    assert journal.state()["held_bytes"] != 0


def test_a_full_disk_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        journal = Journal(descriptor, verbose=False)
        journal.publish(SEEN)
        journal.publish(SEEN)
        assert journal.state()["ok"] is False
        assert len(caplog.records) == 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        journal.publish(replace(SEEN, ended=()))
        assert journal.state() == {
            "ok": True,
            "written": 2,
            "dropped": 0,
            "held_bytes": 0,
            "error": None,
        }
    finally:
        os.close(descriptor)


def test_writes_to_plain_files(tmp_path: Path) -> None:
    target = tmp_path / "visits.jsonl"
    with target.open("wb") as file, Journal(file.fileno(), verbose=True) as journal:
        journal.publish(SEEN)
    assert [json.loads(line)["event"] for line in target.read_text().splitlines()] == [
        "visit",
        "frame",
    ]


def test_a_line_longer_than_a_pipe_takes_arrives_whole(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    crowd = replace(SEEN, sightings=(SIGHTING,) * 200, ended=())
    with Journal(writer, verbose=True) as journal:
        journal.publish(crowd)
        (line,) = lines(reader)
    assert len(line["faces"]) == 200  # type: ignore[arg-type]
