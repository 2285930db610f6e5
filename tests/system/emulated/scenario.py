# SPDX-License-Identifier: Apache-2.0
"""A scenario: something that happens to the emulated Pi, and the figures that come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from system.emulated.installed import Installed

Figures = dict[str, float | int | str]
Play = Callable[[Installed, Path], Figures]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`play` takes the saved machine and an empty folder, and fails with an AssertionError."""

    name: str
    about: str
    play: Play
