# SPDX-License-Identifier: Apache-2.0
"""An outage over several processes: kept in a file, waited out, looked for, forgotten."""

import logging
from pathlib import Path

import pytest

from device.clock import ManualClock
from device.comeback import NoComeback, RestartedComeback
from device.errors import CameraError, CameraStalledError
from device.outage import RecoveryRules
from device.outage_file import FILE_NAME
from device.probe import Probe

RULES = RecoveryRules(
    attempts=3,
    first_delay_seconds=1.0,
    longest_delay_seconds=8.0,
    probe_seconds=20.0,
    settled_seconds=60.0,
)


class House:
    """Processes one after another in one run directory."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(monotonic=100.0)
        self.folder = folder
        self.there = folder / "there"

    def process(self) -> RestartedComeback:
        probe = Probe(self._look, timeout_seconds=60.0, clock=self.clock)
        return RestartedComeback(self.folder, rules=RULES, probe=probe, clock=self.clock)

    def _look(self) -> None:
        if not self.there.exists():
            raise CameraError("not there")

    def live_and_fail(self) -> float:
        """One process: waits, opens, fails; how long it waited."""
        comeback = self.process()
        waited = self.wait(comeback)
        comeback.failed(CameraStalledError("no frame"))
        return waited

    def wait(self, comeback: RestartedComeback) -> float:
        begun = self.clock.monotonic()
        while (seconds := comeback.wait_seconds()) is not None:
            self.clock.advance(seconds)
        return self.clock.monotonic() - begun

    def degrade(self) -> RestartedComeback:
        for _ in range(RULES.attempts):
            self.live_and_fail()
        return self.process()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_first_start_opens_at_once(house: House) -> None:
    comeback = house.process()
    assert comeback.wait_seconds() is None
    assert comeback.state() == {"state": "open"}
    assert comeback.sentence() == ""
    assert comeback.error() is None
    comeback.works()
    assert not (house.folder / FILE_NAME).exists()


def test_each_process_waits_longer_than_the_last(house: House) -> None:
    assert [house.live_and_fail() for _ in range(3)] == pytest.approx([0.0, 1.0, 2.0])


def test_while_it_waits_it_says_so(house: House) -> None:
    house.live_and_fail()
    comeback = house.process()
    state = comeback.state()
    assert state["state"] == "waiting"
    assert state["code"] == "camera-stalled"
    assert state["reason"] == "no frame"
    assert state["failures"] == 1
    assert state["next_look_seconds"] == pytest.approx(1.0)
    assert "attempt 2 of 3" in comeback.sentence()


def looking(comeback: RestartedComeback) -> bool:
    return comeback._probe.running


def test_a_used_up_budget_degrades_and_looks_at_a_slow_pace(house: House) -> None:
    with house.degrade() as comeback:
        assert comeback.state()["state"] == "degraded"
        assert comeback.sentence().startswith("degraded: the camera is lost (camera-stalled, 3")
        assert isinstance(comeback.error(), CameraStalledError)
        assert str(comeback.error()) == comeback.sentence()
        assert comeback.wait_seconds() is not None
        assert not looking(comeback)
        house.clock.advance(RULES.probe_seconds)
        comeback.wait_seconds()
        assert looking(comeback)
        while looking(comeback):
            assert comeback.wait_seconds() is not None
        assert comeback.state()["state"] == "degraded"
        assert comeback.state()["next_look_seconds"] == pytest.approx(RULES.probe_seconds)


def test_further_looks_are_not_told(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A camera that is lost for a year must not fill the journal."""
    with caplog.at_level(logging.INFO), house.degrade() as comeback:
        caplog.clear()
        for _ in range(3):
            house.clock.advance(RULES.probe_seconds)
            comeback.wait_seconds()
            while looking(comeback):
                comeback.wait_seconds()
    assert [record.message for record in caplog.records] == [
        "looked for the camera: still lost; further looks are not told"
    ]


def test_comes_back_by_itself_when_the_camera_does(house: House) -> None:
    with house.degrade() as comeback:
        house.there.touch()
        house.clock.advance(RULES.probe_seconds)
        while comeback.wait_seconds() is not None:
            pass
        comeback.works()
        assert comeback.state()["state"] == "open"
        assert comeback.state()["failures"] == 3
        assert comeback.sentence() == ""
        house.clock.advance(RULES.settled_seconds)
        comeback.works()
        assert comeback.state() == {"state": "open"}
        assert comeback.error() is None
    assert house.process().wait_seconds() is None


def test_a_camera_that_is_lost_again_soon_is_no_new_budget(house: House) -> None:
    with house.degrade() as comeback:
        house.there.touch()
        house.clock.advance(RULES.probe_seconds)
        while comeback.wait_seconds() is not None:
            pass
        comeback.works()
        comeback.failed(CameraError("gone again"))
    with house.process() as after:
        assert after.state()["state"] == "degraded"
        assert after.state()["failures"] == 4
        assert after.state()["reason"] == "gone again"


def test_another_boot_counts_anew(house: House) -> None:
    house.degrade()
    house.clock.boot_id = "next"
    assert house.process().wait_seconds() is None


@pytest.mark.parametrize("rubbish", [b"", b"{", b'{"boot_id": 1}', b"\xff" * 100])
def test_a_damaged_file_counts_anew(house: House, rubbish: bytes) -> None:
    (house.folder / FILE_NAME).write_bytes(rubbish)
    assert house.process().wait_seconds() is None


def test_where_nobody_restarts_nothing_is_remembered() -> None:
    with NoComeback() as comeback:
        comeback.opening()
        comeback.failed(CameraError("lost"))
        assert comeback.wait_seconds() is None
        assert comeback.state() == {"state": "open"}
        assert comeback.error() is None


def test_a_life_that_ends_while_it_opens_the_camera_is_a_failure(house: House) -> None:
    """Killed by the watchdog, say: nobody was left to tell of it."""
    for failures in range(1, RULES.attempts + 1):
        comeback = house.process()
        house.wait(comeback)
        comeback.opening()
        assert house.process().state()["failures"] == failures
    after = house.process()
    assert after.state()["state"] == "degraded"
    assert "was ended while it waited for the first frame" in after.sentence()


def test_a_frame_or_an_orderly_end_takes_that_back(house: House) -> None:
    comeback = house.process()
    comeback.opening()
    comeback.works()
    assert not (house.folder / FILE_NAME).exists()
    with house.process() as stopped:
        stopped.opening()
    assert not (house.folder / FILE_NAME).exists()
    house.live_and_fail()
    again = house.process()
    again.opening()
    again.works()
    assert house.process().state()["failures"] == 1


def test_an_opening_that_fails_counts_once(house: House) -> None:
    comeback = house.process()
    comeback.opening()
    comeback.failed(CameraError("not there"))
    assert house.process().state()["failures"] == 1
