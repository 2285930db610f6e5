# SPDX-License-Identifier: Apache-2.0
"""One emulated boot: an arm64 Pi under QEMU, installed over SSH, and its power cut once.

What takes longer, on demand: scripts/emulate.
"""

import os
from collections.abc import Iterator

import pytest

from system.emulated import asking, power
from system.emulated.cache import NotHereError
from system.emulated.installed import UNIT, Installed, installed
from system.emulated.machine import EmulatedPi

pytestmark = pytest.mark.emulated


@pytest.fixture(scope="module")
def saved() -> Installed:
    """The machine on which scripts/deploy has just put this checkout."""
    if os.geteuid():
        pytest.skip("an emulated Pi's disk is made by root: run as root")
    try:
        return installed()
    except NotHereError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pi(saved: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedPi]:
    with saved.pi(tmp_path_factory.mktemp("emulated") / "pi") as machine:
        yield machine


def test_the_real_picamera2_gave_the_first_visit(pi: EmulatedPi, saved: Installed) -> None:
    assert asking.visits(saved.serial.read_text(errors="replace"))
    told = asking.running(pi)
    assert told["camera"]["name"] == "libcamera camera 0"
    assert pi.run("uname", "-m").stdout.strip() == "aarch64"
    assert pi.show(UNIT, "NRestarts") == {"NRestarts": "0"}


def test_a_capture_by_ssh_is_answered(pi: EmulatedPi) -> None:
    told = asking.captured(pi)
    assert {face["perceived_gender"] for face in told["faces"]} <= {"female", "male", "unsure"}
    assert told["file"] == "libcamera camera 0"


def test_a_power_cut_costs_at_most_the_last_batch(pi: EmulatedPi) -> None:
    power.cut_and_boot(pi)
    assert pi.show(UNIT, "ActiveState", "NRestarts") == {"ActiveState": "active", "NRestarts": "0"}
