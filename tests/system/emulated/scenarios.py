# SPDX-License-Identifier: Apache-2.0
"""Every scenario, in the order in which they are played."""

from collections.abc import Callable
from pathlib import Path

from system.emulated import daily, faults, power, screen, webcam
from system.emulated.installed import Installed
from system.emulated.scenario import Figures, Scenario


def _scenario(play: Callable[[Installed, Path], Figures]) -> Scenario:
    """Named and described as its function is."""
    about = (play.__doc__ or "").strip().splitlines()[0]
    return Scenario(play.__name__.replace("_", "-"), about, play)


SCENARIOS = tuple(
    map(
        _scenario,
        (
            daily.boots_headless,
            daily.capture_by_ssh,
            screen.kiosk,
            daily.small_memory,
            daily.idle_writes,
            faults.camera_stalls,
            webcam.webcam,
            faults.disk_full,
            faults.read_only_root,
            faults.clock_jumps,
            power.power_cuts,
        ),
    )
)
