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
        meminfo="MemTotal:  427000 kB\nCmaTotal:  262144 kB\nCmaFree:  1024 kB\n",
    )
    assert board.model == "Raspberry Pi Zero 2 W Rev 1.0"
    assert board.celsius == pytest.approx(48.312)
    assert board.mebibytes("CmaTotal") == 256
    assert board.mebibytes("SwapTotal") is None
    assert board.throttling == Throttling(
        ("under-voltage", "throttled"), ("under-voltage", "throttled")
    )


def test_another_machine_is_silent(tmp_path: Path) -> None:
    board = kernel(tmp_path, model="Some Board", heat="hot")
    assert (board.model, board.celsius, board.throttling) == (None, None, None)
    assert board.mebibytes("CmaTotal") is None
    assert kernel(tmp_path, throttled="what").throttling is None


@pytest.mark.parametrize(
    ("bits", "now", "since"),
    [
        (0, (), ()),
        (0x1, ("under-voltage",), ()),
        (0x80000, (), ("at the soft temperature limit",)),
        (0x20002, ("the clock rate is capped",), ("the clock rate is capped",)),
    ],
)
def test_the_bits_in_words(bits: int, now: tuple[str, ...], since: tuple[str, ...]) -> None:
    assert Throttling.of(bits) == Throttling(now, since)
