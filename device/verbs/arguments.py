# SPDX-License-Identifier: Apache-2.0
"""What verbs make of their arguments: numbers in range, and the daemon that is meant."""

import argparse
from collections.abc import Callable
from pathlib import Path

from device.places import run_directory


def daemon_directory(settings: Path | None) -> Path:
    """The run directory of the daemon with these settings.

    Raises:
        SettingsError: they have faults that keep it from being known.
    """
    found = run_directory(settings)
    if found is not None:
        return found
    from device.settings import load  # noqa: PLC0415  says what is wrong

    return load(settings).run_directory


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A `type` for argparse: a whole number from `low` to `high`."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(
                f"{text!r}, expected a whole number from {low} to {high}"
            )
        return number

    return convert


def seconds(high: float) -> Callable[[str], float]:
    """A `type` for argparse: seconds from 0 to `high`."""

    def convert(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r}, expected 0 to {high:g} seconds")
        return number

    return convert
