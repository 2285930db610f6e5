# SPDX-License-Identifier: Apache-2.0
"""`passerby capture` and `passerby status` as processes, with a daemon and without one."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemons import House
from PIL import Image
from walkers import frames, jpeg, write_scene

from device.verbs.capture import exit_status, sentences
from device.verbs.status import table


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """Three empty frames, then a walker for eight."""
    made = [jpeg(frame) for frame in frames(1, steps=8, gap=3)]
    return made[8:] + made[:8]


@pytest.fixture
def house(tmp_path: Path, models_directory: Path, pictures: list[bytes]) -> Iterator[House]:
    scene = write_scene(tmp_path / "s.zip", pictures)
    camera: dict[str, object] = {"path": str(scene), "loop": True}
    house = House(tmp_path / "a", models_directory, {"camera": camera})
    yield house
    house.close()


def check_answer(answer: dict[str, Any], *, faces: int) -> None:
    assert set(answer) == {"file", "faces", "error", "frame", "taken_at"}
    assert answer["file"].startswith("replay of")
    assert answer["error"] is None
    assert set(answer["taken_at"]) == {"boot_id", "monotonic", "wall", "clock_synchronised"}
    assert len(answer["faces"]) == faces
    for face in answer["faces"]:
        assert set(face) == {
            "box",
            "detection_score",
            "perceived_gender",
            "probabilities",
            "confidence",
        }
        assert len(face["box"]) == 4
        assert set(face["probabilities"]) == {"female", "male"}


def test_without_a_daemon_it_opens_the_camera_itself(house: House) -> None:
    done = house.call("capture", "--json")
    answer = json.loads(done.stdout)
    check_answer(answer, faces=0)
    assert answer["frame"] == 0
    assert done.returncode == 3


def test_it_waits_for_a_face(house: House) -> None:
    done = house.call("capture", "--json", "--wait-face", "60")
    answer = json.loads(done.stdout)
    check_answer(answer, faces=1)
    assert answer["frame"] == 3
    assert done.returncode == exit_status(answer) != 3


def test_a_recording_that_ends_without_a_face_is_no_face(
    house: House, tmp_path: Path, pictures: list[bytes]
) -> None:
    empty = write_scene(tmp_path / "empty.zip", pictures[:3])
    house.sections = {"camera": {"path": str(empty), "loop": False}}
    house.__post_init__()
    done = house.call("capture", "--json", "--wait-face", "60")
    check_answer(json.loads(done.stdout), faces=0)
    assert done.returncode == 3


def test_with_a_daemon_it_asks_that_one(house: House) -> None:
    process = house.start()
    house.wait_frames(1)
    done = house.call("capture", "--json", "--wait-face", "60")
    answer = json.loads(done.stdout)
    check_answer(answer, faces=1)
    assert done.returncode == exit_status(answer)
    assert house.stop(process) == 0


LOADED = """
import sys
from device.cli import main
status = main(sys.argv[1:])
heavy = {"numpy", "PIL", "msgspec", "device.settings"} & set(sys.modules)
sys.exit(f"loaded: {heavy}" if heavy else status)
"""


@pytest.mark.parametrize("verb", ["capture", "status"])
def test_asking_a_daemon_loads_next_to_nothing(house: House, verb: str) -> None:
    """A start that is waited for: settings and numpy alone would double it."""
    process = house.start()
    house.wait_frames(1)
    words = house.command(verb)[3:]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        env=house.environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 3, 4), done.stderr
    assert house.stop(process) == 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("passerby capture --json", 3),
        ("passerby capture --still -", 3),
        ("passerby status", 77),
        ("id", 77),
        ("", 77),
        ("passerby capture; id", 77),
        ("passerby capture --still s.jpg", 77),
        ("passerby capture --settings x", 77),
        ("passerby capture --path /", 77),
        ("passerby capture '", 77),
    ],
)
def test_a_bound_key_may_capture_and_nothing_else(house: House, words: str, status: int) -> None:
    """Over the real sshd: tests/system/test_ssh.py."""
    done = house.call("capture", f"--forced={words}")
    assert done.returncode == status, done.stderr
    assert not (house.folder / "s.jpg").exists()


def test_faulty_settings_are_told_of_where_they_are_needed(house: House) -> None:
    """Not of the running daemon, which knows better; but of a look of its own."""
    process = house.start()
    house.wait_frames(1)
    house.settings.write_text(house.settings.read_text() + "[daemon]\nfrobnicate = 1\n")
    assert house.call("capture").returncode in (0, 3, 4)
    assert house.stop(process) == 0
    alone = house.call("capture")
    assert alone.returncode == 30
    assert b"daemon.frobnicate" in alone.stderr
    house.settings.write_text("run_directory = 7\n")
    assert b"run_directory is 7" in house.call("status").stderr


def test_a_socket_left_by_a_dead_daemon_is_no_daemon(house: House) -> None:
    process = house.start()
    house.wait_frames(1)
    house.stop(process, signal.SIGKILL)
    done = house.call("capture", "--json")
    check_answer(json.loads(done.stdout), faces=0)
    assert done.returncode == 3


@pytest.mark.parametrize("daemon", [False, True])
def test_the_still_is_the_frame_that_was_judged(
    house: House, daemon: bool, tmp_path: Path, pictures: list[bytes]
) -> None:
    if daemon:
        house.start()
        house.wait_frames(1)
    done = house.call("capture", "--json", "--wait-face", "60", "--still", tmp_path / "s.jpg")
    check_answer(json.loads(done.stdout), faces=1)
    still = Image.open(tmp_path / "s.jpg")
    assert (still.format, still.size) == ("JPEG", (640, 480))
    piped = house.call("capture", "--json", "--still", "-")
    check_answer(json.loads(piped.stderr.splitlines()[-1]), faces=piped.returncode != 3)
    assert Image.open(io.BytesIO(piped.stdout)).size == (640, 480)


def test_a_still_that_cannot_be_written_is_an_error(house: House, tmp_path: Path) -> None:
    done = house.call("capture", "--still", tmp_path / "missing" / "s.jpg")
    assert done.returncode == 65
    assert b"cannot be written" in done.stderr


@pytest.mark.parametrize("seconds", ["-1", "nan", "1e9", "soon"])
def test_a_wait_that_makes_no_sense_is_a_usage_error(house: House, seconds: str) -> None:
    done = house.call("capture", f"--wait-face={seconds}")
    assert done.returncode == 2
    assert b"--wait-face" in done.stderr


def test_status_tells_how_the_daemon_fares(house: House) -> None:
    process = house.start()
    house.wait_frames(3)
    status = json.loads(house.call("status", "--json").stdout)
    assert status["error"] is None
    assert status["pid"] == process.pid
    assert status["state"] == "running"
    assert status["frames"] >= 3
    assert status["camera"]["name"].startswith("replay of")
    assert set(status["bundles"]) == {"detector", "classifier"}
    assert status["sinks"]["store"]["ok"] is True
    assert status["sinks"]["journal"]["ok"] is True
    assert set(status["visits"]) == {"female", "male", "unsure", "total"}
    assert status["memory"]["resident_bytes"] <= status["memory"]["peak_bytes"]
    shown = house.call("status")
    assert shown.returncode == 0
    assert f"running, process {process.pid}" in shown.stdout.decode()


def test_status_without_a_daemon_says_so(house: House) -> None:
    done = house.call("status", "--json")
    assert done.returncode == 61
    assert json.loads(done.stdout)["error"]["code"] == "not-running"
    assert b"passerby run" in done.stderr


def face(label: str) -> dict[str, Any]:
    return {"box": [1.2, 2, 30, 40], "perceived_gender": label, "confidence": 0.5}


@pytest.mark.parametrize(
    ("labels", "status"),
    [
        ((), 3),
        (("unsure",), 4),
        (("unsure", "unsure"), 4),
        (("unsure", "male"), 0),
        (("female",), 0),
    ],
)
def test_exit_statuses_of_a_capture(labels: tuple[str, ...], status: int) -> None:
    answer = {"file": "f", "frame": 1, "faces": [face(label) for label in labels]}
    assert exit_status(answer) == status
    text = sentences(answer)
    assert all(f"perceived gender {label}" in text for label in labels)


def test_the_table_shows_a_failing_sink_and_what_held_the_board_back() -> None:
    stamp = {"monotonic": 9.0, "clock_synchronised": False}
    text = table(
        {
            "state": "paused",
            "pid": 1,
            "uptime_seconds": 5.0,
            "frames": 10,
            "frames_per_second": 2.0,
            "following": 0,
            "last_face": {"monotonic": 4.0},
            "visits": {"female": 1, "male": 2, "unsure": 3, "total": 6},
            "memory": {"peak_bytes": 2**20},
            "camera": {"name": "replay of x", "skipped": 1, "dropped": 2},
            "bundles": {"detector": "d"},
            "sinks": {"store": {"ok": False, "error": "disk full", "held": 4}},
            "clock": stamp,
            "resources": {"throttled_now": [], "throttled_since_start": ["under-voltage"]},
        }
    )
    assert "paused" in text
    assert "5 s ago" in text
    assert "3 unsure" in text
    assert "failing: disk full, 4 held" in text
    assert "not known to be throttled, since the daemon's start under-voltage" in text
    assert "not synchronised" in text
