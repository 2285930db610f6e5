# SPDX-License-Identifier: Apache-2.0
"""The outage as a file; what the next life makes of it is in test_comeback.py."""

import logging
from pathlib import Path

import pytest

from device.outage import Outage
from device.outage_file import FILE_NAME, OutageFile

LOST = Outage("boot", 1.0, 2.0, 3, "camera-stalled", "no frame")


def test_keeps_one_outage_or_none(tmp_path: Path) -> None:
    file = OutageFile(tmp_path)
    assert file.read("boot") is None
    file.write(LOST)
    assert file.read("boot") == LOST
    assert file.read("another boot") is None
    file.write(None)
    file.write(None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing", "no-folder"])
def test_a_directory_that_takes_nothing_costs_the_memory_alone(
    tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "no-folder").touch()
    file = OutageFile(tmp_path / place)
    with caplog.at_level(logging.WARNING):
        file.write(LOST)
        assert file.read("boot") is None
    assert f"{FILE_NAME} cannot be written" in caplog.text
