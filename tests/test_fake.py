# SPDX-License-Identifier: Apache-2.0
"""The fake sensor's schedule of faults; its frames are the contract's matter."""

import os
import time
from pathlib import Path

import pytest

from device.cameras import Wish, make_camera
from device.cameras.fake import FaultFile
from device.clock import ManualClock
from device.errors import CameraError, CameraStalledError


def written(path: Path, text: str, *, seconds_ago: float) -> FaultFile:
    path.write_text(text)
    moment = time.time() - seconds_ago
    os.utime(path, (moment, moment))
    return FaultFile(path)


SCHEDULE = "stall 10 20\n\nblack 20 30\nabsent 40 inf\n"


@pytest.mark.parametrize(
    ("seconds_ago", "fault"), [(0, None), (15, "stall"), (25, "black"), (35, None), (1e6, "absent")]
)
def test_each_fault_has_its_time(tmp_path: Path, seconds_ago: float, fault: str | None) -> None:
    assert written(tmp_path / "f", SCHEDULE, seconds_ago=seconds_ago)() == fault


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    assert FaultFile(tmp_path / "none")() is None


@pytest.mark.parametrize("line", ["stall", "explode 1 2", "stall one two", "stall 1 2 3"])
def test_a_line_without_sense_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(CameraError, match="expected lines such as"):
        written(tmp_path / "f", line, seconds_ago=0)()


def test_faults_come_and_go_while_it_runs(tmp_path: Path) -> None:
    faults = tmp_path / "faults"
    camera = make_camera("fake", Wish(fake_faults_path=faults), clock=ManualClock())
    with camera:
        assert camera.capture(1.0).pixels.max() > 0
        faults.write_text("black 0 inf")
        assert camera.capture(1.0).pixels.max() == 0
        faults.write_text("stall 0 inf")
        with pytest.raises(CameraStalledError):
            camera.capture(1.0)
    faults.write_text("absent 0 inf")
    with pytest.raises(CameraError, match="not there"):
        camera.__enter__()
    faults.unlink()
    with camera:
        assert camera.capture(1.0).pixels.max() > 0


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no pictures"):
        make_camera("fake", Wish(path=tmp_path / "none"), clock=ManualClock()).__enter__()


def test_a_slow_consumer_gets_the_newest_frame() -> None:
    clock = ManualClock()
    camera = make_camera("fake", Wish(frames_per_second=10), clock=clock)
    with camera:
        assert camera.capture(1.0).number == 0
        clock.advance(0.55)
        assert camera.capture(1.0).number == 5
        assert camera.dropped == 4
