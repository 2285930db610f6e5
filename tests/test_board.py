# SPDX-License-Identifier: Apache-2.0
"""What a board tells of itself, read from a copy of what a Pi's kernel shows."""

from pathlib import Path

import pytest

from device.board import Board, Throttling


def kernel(root: Path, **files: str) -> Board:
    places = {
        "model": "proc/device-tree/model",
        "heat": "sys/class/thermal/thermal_zone0/temp",
        "throttled": "sys/devices/platform/soc/soc:firmware/get_throttled",
        "sensor": "sys/class/hwmon/hwmon1/name",
        "alarm": "sys/class/hwmon/hwmon1/in0_lcrit_alarm",
        "meminfo": "proc/meminfo",
    }
    for name, text in files.items():
        path = root / places[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Board(root)


def test_a_pi_tells_all(tmp_path: Path) -> None:
    board = kernel(
        tmp_path,
        model="Raspberry Pi Zero 2 W Rev 1.0\0",
        heat="48312\n",
        throttled="50005\n",
        sensor="rpi_volt\n",
        alarm="1\n",
        meminfo="MemTotal:  427000 kB\nCmaTotal:  262144 kB\nCmaFree:  1024 kB\n",
    )
    assert board.model == "Raspberry Pi Zero 2 W Rev 1.0"
    assert board.celsius == pytest.approx(48.312)
    assert board.mebibytes("CmaTotal") == 256
    assert board.mebibytes("SwapTotal") is None
    assert board.throttling == Throttling(0x50005)


def test_another_machine_is_silent(tmp_path: Path) -> None:
    board = kernel(tmp_path, model="Some Board", heat="hot")
    assert (board.model, board.celsius, board.throttling) == (None, None, None)
    assert board.mebibytes("CmaTotal") is None
    assert kernel(tmp_path, throttled="what").throttling is None


@pytest.mark.parametrize(
    ("bits", "now", "occurred"),
    [
        (0, (), ()),
        (0x1, ("under-voltage",), ()),
        (0x80000, (), ("at the soft temperature limit",)),
        (0x20002, ("the clock rate is capped",), ("the clock rate is capped",)),
    ],
)
def test_the_bits_in_words(bits: int, now: tuple[str, ...], occurred: tuple[str, ...]) -> None:
    told = Throttling(bits)
    assert (told.now, told.occurred) == (now, occurred)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"alarm": "1"}, Throttling(0x1, only_voltage=True)),
        ({"alarm": "0"}, Throttling(0x0, only_voltage=True)),
        ({"alarm": "1", "throttled": "4"}, Throttling(0x5)),
        ({"alarm": "0", "throttled": "40004"}, Throttling(0x40004)),
        ({"throttled": "10001"}, Throttling(0x10001)),
        ({"alarm": "1", "throttled": "what"}, Throttling(0x1, only_voltage=True)),
        ({}, None),
    ],
)
def test_the_supply_sensor_tells_of_under_voltage_where_the_word_does_not(
    tmp_path: Path, files: dict[str, str], told: Throttling | None
) -> None:
    assert kernel(tmp_path, sensor="rpi_volt\n", **files).throttling == told


def test_the_alarm_of_another_sensor_says_nothing_of_the_supply(tmp_path: Path) -> None:
    assert kernel(tmp_path, sensor="nvme\n", alarm="1").throttling is None


def test_the_soft_limit_can_be_left_out() -> None:
    assert Throttling(0xD000D).without_soft_limit == Throttling(0x50005)
    assert Throttling(0x80008).without_soft_limit == Throttling(0)


def test_what_is_and_has_been_stays_as_occurred() -> None:
    first = Throttling(0x20001).after(None)
    assert first == Throttling(0x30001)
    second = Throttling(0x4).after(first)
    assert (second.now, second.occurred) == (
        ("throttled",),
        ("under-voltage", "the clock rate is capped", "throttled"),
    )
