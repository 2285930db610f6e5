# SPDX-License-Identifier: Apache-2.0
"""Numbers on the command line: a wrong one is answered with what was expected."""

import argparse
from collections.abc import Callable


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
