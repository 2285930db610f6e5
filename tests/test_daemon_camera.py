# SPDX-License-Identifier: Apache-2.0
"""The real daemon loses its camera, and gets it back: under a supervisor that restarts it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path

import pytest
from daemons import PATIENCE_SECONDS, ROOT, House, NewHouse

from device.clock import SystemClock
from device.control.client import SOCKET_NAME
from device.daemon import Pace
from device.errors import ControlError
from device.outage_file import FILE_NAME
from device.pacing import PacingRules
from device.settings.camera import CameraSettings
from device.settings.sections import DaemonSettings

ATTEMPTS = 2
NOBODY = {"NOTIFY_SOCKET": ""}


class Supervised:
    """A house whose daemon believes that systemd runs it; the test does the restarting."""

    def __init__(self, house: House, faults: Path, ear: socket.socket) -> None:
        self.house = house
        self.faults = faults
        self._ear = ear

    def start(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        given = {"NOTIFY_SOCKET": str(self._ear.getsockname()), **(environment or {})}
        return self.house.start(environment=given)

    def live(self) -> int:
        """One life, from start to exit."""
        return self.start().wait(PATIENCE_SECONDS)

    def hear(self, word: str) -> str:
        """The next message to the supervisor that holds `word`."""
        while word not in (said := self._ear.recv(65536).decode()):
            pass
        return said

    def heard(self) -> list[str]:
        """All messages to the supervisor that are there."""
        said = []
        self._ear.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(self._ear.recv(65536).decode())
        self._ear.settimeout(PATIENCE_SECONDS)
        return said

    def wait_state(self, state: str) -> dict[str, object]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if (self.house.run / SOCKET_NAME).exists():
                try:
                    status = self.house.status()
                except ControlError:
                    continue
                if status["state"] == state:
                    return status
            time.sleep(0.02)
        raise AssertionError(f"never {state}: {self.house.log.read_text()}")


@pytest.fixture
def supervised(new_house: NewHouse, tmp_path: Path) -> Iterator[Supervised]:
    faults = tmp_path / "faults"
    house = new_house(
        camera={
            "source": "fake",
            "timeout_seconds": 0.5,
            "black_seconds": 0.5,
            "frames_per_second": 20,
        },
        **{
            "camera.fake": {"faults_path": str(faults)},
            "camera.recovery": {
                "attempts": ATTEMPTS,
                "first_delay_seconds": 0.1,
                "probe_seconds": 0.5,
                "settled_seconds": 0.6,
            },
        },
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(PATIENCE_SECONDS)
        yield Supervised(house, faults, ear)


@pytest.mark.parametrize(
    ("fault", "status", "word"),
    [
        ("absent", 10, "unplugged"),
        ("stall", 11, "gave no frame"),
        ("black", 12, "nothing but black"),
    ],
)
def test_a_camera_lost_while_running_is_restarted_for_then_looked_for_then_back(
    supervised: Supervised, fault: str, status: int, word: str
) -> None:
    house = supervised.house
    process = supervised.start()
    house.wait_frames(3)
    supervised.faults.write_text(f"{fault} 0 inf")
    assert process.wait(PATIENCE_SECONDS) == status
    assert word in house.log.read_text()
    for _ in range(ATTEMPTS - 1):
        assert supervised.live() == status
    process = supervised.start()
    told = supervised.wait_state("degraded")
    camera = told["camera"]
    assert isinstance(camera, dict)
    assert camera["failures"] == ATTEMPTS
    assert camera["reason"]
    captured = house.call("capture", "--json")
    assert captured.returncode == status
    refused = json.loads(captured.stdout)["error"]
    assert refused["code"] == camera["code"]
    assert "camera is lost" in refused["message"]
    assert "degraded: the camera is lost" in supervised.hear("degraded")
    assert "looked for the camera: still lost" in wait_log(house, "still lost")
    supervised.faults.unlink()
    supervised.wait_state("running")
    frames = house.wait_frames(10)
    assert "is back" in wait_log(house, "is back")
    assert "reason" not in frames["camera"] or frames["camera"]["state"] == "open"
    wait_gone(house.run / FILE_NAME)
    assert house.stop(process) == 0


def wait_log(house: House, words: str) -> str:
    return wait_text(house.log, words)


def wait_text(path: Path, words: str) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in (text := path.read_text() if path.exists() else ""):
        assert time.monotonic() < deadline, text
        time.sleep(0.02)
    return text


def wait_gone(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_camera_that_is_not_there_at_boot_is_waited_for(supervised: Supervised) -> None:
    supervised.faults.write_text("absent 0 inf")
    for _ in range(ATTEMPTS):
        assert supervised.live() == 10
    assert "is not there" in supervised.house.log.read_text()
    process = supervised.start()
    supervised.wait_state("degraded")
    # Alive is what the supervisor sees, too: it is told that we are ready, and fed.
    assert supervised.hear("READY=1")
    for _ in range(3):
        supervised.hear("WATCHDOG=1")
    supervised.faults.unlink()
    assert supervised.house.wait_frames(3)["state"] == "running"
    assert supervised.house.stop(process) == 0


def test_the_store_is_looked_after_while_the_camera_is_waited_for(supervised: Supervised) -> None:
    """It could not be opened; when the disk lets it, that is not left until a frame comes."""
    supervised.faults.write_text("absent 0 inf")
    supervised.house.state.write_text("in the way of a directory")
    for _ in range(ATTEMPTS):
        assert supervised.live() == 10
    process = supervised.start()
    supervised.wait_state("degraded")
    supervised.house.state.unlink()
    wait_text(supervised.house.log, "writing again, nothing was lost")
    assert supervised.house.status()["state"] == "degraded"
    assert supervised.house.stop(process) == 0


def test_a_camera_that_is_back_at_the_next_start_costs_one_restart(supervised: Supervised) -> None:
    process = supervised.start()
    supervised.house.wait_frames(3)
    supervised.faults.write_text("absent 0 inf")
    assert process.wait(PATIENCE_SECONDS) == 10
    assert (supervised.house.run / FILE_NAME).exists()
    supervised.faults.unlink()
    process = supervised.start()
    supervised.house.wait_frames(3)
    wait_gone(supervised.house.run / FILE_NAME)
    assert supervised.house.stop(process) == 0


def test_a_signal_ends_a_wait_and_the_look_that_is_being_taken(supervised: Supervised) -> None:
    supervised.faults.write_text("stall 0 inf")
    for _ in range(ATTEMPTS):
        assert supervised.live() == 11
    process = supervised.start()
    supervised.wait_state("degraded")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (looking := children.read_text().split()):
        assert time.monotonic() < deadline
    assert supervised.house.stop(process, signal.SIGTERM) == 0
    assert not Path(f"/proc/{looking[0]}").exists()


HANGING = """
import time
from device.cameras.fake import FakeSensor
FakeSensor.open = lambda *_: time.sleep(3600)
"""


def test_opening_the_camera_feeds_no_watchdog_and_its_end_is_remembered(
    supervised: Supervised, tmp_path: Path
) -> None:
    """What systemd does then is in tests/system/test_service.py."""
    (tmp_path / "sitecustomize.py").write_text(HANGING)
    hanging = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    kept = supervised.house.run / FILE_NAME
    for failures in range(1, ATTEMPTS + 1):
        process = supervised.start(hanging)
        wait_text(kept, f'"failures":{failures}')
        assert supervised.house.stop(process, signal.SIGKILL) == -signal.SIGKILL
    said = supervised.heard()
    assert said[0] == "READY=1"
    # The second life waited before it opened, which may be told; nothing else was.
    assert all("attempt 2 of" in beat for beat in said if beat != "READY=1")
    process = supervised.start()
    wait_text(supervised.house.log, f"degraded: the camera is lost (camera-stalled, {ATTEMPTS} ")
    supervised.wait_state("running")
    assert supervised.house.stop(process) == 0


def test_where_nobody_restarts_a_lost_camera_ends_the_run_at_once(supervised: Supervised) -> None:
    supervised.faults.write_text("absent 0 inf")
    for _ in range(ATTEMPTS + 1):
        process = supervised.house.start(environment=NOBODY)
        assert process.wait(PATIENCE_SECONDS) == 10
    assert not (supervised.house.run / FILE_NAME).exists()


def test_a_capture_that_waits_when_the_camera_is_lost_hears_why(supervised: Supervised) -> None:
    house = supervised.house
    process = supervised.start()
    house.wait_frames(1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(PATIENCE_SECONDS)
        door.connect(str(house.run / SOCKET_NAME))
        door.sendall(b'{"verb": "capture", "wait_face_seconds": 600}\n')
        house.wait_frames(house.status()["frames"] + 4)  # by then the request has been taken
        supervised.faults.write_text("stall 0 inf")
        assert process.wait(PATIENCE_SECONDS) == 11
        refused = json.loads(door.recv(1 << 16))["error"]
    assert refused["code"] == "camera-stalled"
    assert "gave no frame" in refused["message"]


def test_the_visits_of_before_the_fault_are_kept(
    new_house: NewHouse, doorway: Path, tmp_path: Path
) -> None:
    faults = tmp_path / "faults"
    scene = tmp_path / "scene.zip"
    os.link(doorway, scene)
    house = new_house(
        store={"batch_seconds": 3600},
        camera={"source": "fake", "path": str(scene), "timeout_seconds": 0.5},
        **{"camera.fake": {"faults_path": str(faults), "format": "YUYV", "padding_bytes": 64}},
    )
    process = house.start()
    house.wait_visits(1)
    faults.write_text("stall 0 inf")
    assert process.wait(PATIENCE_SECONDS) == 11
    assert sorted(house.stored()) == sorted(house.visits())


def test_by_default_a_loss_is_seen_within_three_seconds() -> None:
    assert 0 < CameraSettings().black_seconds < 3
    for rate in (inf, DaemonSettings().max_frames_per_second, PacingRules(1).least_rate, 1):
        pace = Pace(rate, clock=SystemClock())
        assert 1 / rate + pace.patience(CameraSettings().timeout_seconds) < 3


def test_a_slowed_daemon_waits_the_less_for_a_frame(
    new_house: NewHouse, doorway: Path, tmp_path: Path
) -> None:
    faults = tmp_path / "faults"
    house = new_house(
        camera={"source": "fake", "path": str(doorway), "timeout_seconds": 1.2},
        daemon={"max_frames_per_second": 2},
        **{"camera.fake": {"faults_path": str(faults)}},
    )
    process = house.start()
    house.wait_frames(2)
    faults.write_text("stall 0 inf")
    assert process.wait(PATIENCE_SECONDS) == 11
    assert "gave no frame for 0.7 s" in house.log.read_text()
