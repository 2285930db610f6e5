# SPDX-License-Identifier: Apache-2.0
"""The daemon's eye on itself, with a board made of files."""

import logging
from pathlib import Path

import pytest

from device.board import Board
from device.errors import MemoryCeilingError
from device.pacing import Pacing, PacingRules
from device.resources import Resources

HEAT = "sys/class/thermal/thermal_zone0/temp"
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"


class Daemon:
    """What Resources sees of the daemon: its memory, and who takes the rates."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.resident = 50 * 2**20
        self.rates: list[float] = []
        self.resources = Resources(
            Pacing(PacingRules(rate=16.0, idle_rate=4.0), now=0.0),
            board=Board(root),
            memory=lambda: {"resident_bytes": self.resident},
            max_bytes=100 * 2**20,
            slow_down=self.rates.append,
        )

    def board(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def frame(self, now: float, *, company: bool = False) -> None:
        self.resources.watch(company=company, now=now)


def test_a_rate_is_handed_on_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    daemon = Daemon(tmp_path)
    with caplog.at_level(logging.INFO):
        for now in (0.0, 1.0, 61.0, 62.0):
            daemon.frame(now)
        daemon.frame(63.0, company=True)
    assert daemon.rates == [16.0, 4.0, 16.0]
    assert "4 frames per second: nobody for 61 s" in caplog.text


def test_company_puts_the_idle_rate_off(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.frame(59.0, company=True)
    daemon.frame(100.0)
    assert daemon.rates == [16.0]


def test_heat_and_throttling_reach_the_rate_and_the_status(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.board(HEAT, "81000")
    daemon.board(THROTTLED, "60006")
    daemon.frame(10.0, company=True)
    state = daemon.resources.state()
    assert daemon.rates == [8.0]
    assert state["celsius"] == 81.0
    assert state["throttled_now"] == ["the clock rate is capped", "throttled"]
    assert state["rate"] == 8.0
    assert state["rate_reason"] == "slowed down: the clock rate is capped, throttled, 81 °C"


@pytest.mark.parametrize("word", ["8", "80008", "80000"])
def test_the_soft_limit_of_a_3b_plus_leaves_the_rate_as_it_is(tmp_path: Path, word: str) -> None:
    daemon = Daemon(tmp_path)
    daemon.board(HEAT, "62000")
    daemon.board(THROTTLED, word)
    for now in (10.0, 20.0, 30.0):
        daemon.frame(now, company=True)
    assert daemon.rates == [16.0]
    state = daemon.resources.state()
    assert (state["rate"], state["rate_reason"]) == (16.0, "full")
    assert state["throttled_since_start"] == ["at the soft temperature limit"]


def test_at_the_soft_limit_too_heat_and_under_voltage_slow_down(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.board(HEAT, "81000")
    daemon.board(THROTTLED, "80008")
    daemon.frame(10.0, company=True)
    assert daemon.resources.state()["rate_reason"] == "slowed down: 81 °C"
    daemon.board(HEAT, "62000")
    daemon.board(THROTTLED, "90009")
    daemon.frame(20.0, company=True)
    assert daemon.resources.state()["rate_reason"] == "slowed down: under-voltage, 62 °C"
    assert daemon.rates == [8.0, 4.0]


def test_what_the_kernel_forgets_is_kept_since_the_start(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    assert daemon.resources.state()["throttled_since_start"] is None
    for now, word in ((10.0, "50005"), (20.0, "20000"), (30.0, "0")):
        daemon.board(THROTTLED, word)
        daemon.frame(now, company=True)
    state = daemon.resources.state()
    assert state["throttled_now"] == []
    assert state["throttled_since_start"] == [
        "under-voltage",
        "the clock rate is capped",
        "throttled",
    ]


def test_beyond_the_ceiling_it_ends_and_says_why(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.frame(0.0)
    daemon.resident = 101 * 2**20
    daemon.frame(1.0)  # asked a few times a minute, not for each frame
    with pytest.raises(MemoryCeilingError, match=r"101 MiB, expected at most 100.*max_bytes"):
        daemon.frame(6.0)


def test_memory_that_nobody_tells_is_no_fault(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.resident = 0
    daemon.frame(0.0)
    assert daemon.resources.state()["board"] is None
