# SPDX-License-Identifier: Apache-2.0
"""What several verbs share: the detector's argument, numbers within bounds, a progress bar."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from device.bundle import Bundle


def add_detector(parser: argparse.ArgumentParser) -> None:
    """The face detector's bundle."""
    parser.add_argument(
        "--detector",
        type=Path,
        default=Path("models/blazeface-short"),
        metavar="BUNDLE",
        help="the face detector (default: models/blazeface-short; see scripts/fetch-detectors)",
    )


def detector_bundle(args: argparse.Namespace) -> "Bundle":
    """The detector's bundle, verified.

    Raises:
        BundleError: it is not there or damaged.
    """
    from device.bundle import open_bundle  # noqa: PLC0415

    return open_bundle(args.detector)


T = TypeVar("T")
N = TypeVar("N", int, float)


def within(kind: type[N], low: float, high: float) -> Callable[[str], N]:
    """A `type` for argparse: a number of this kind from `low` to `high`."""

    def convert(text: str) -> N:
        try:
            number = kind(text)
        except ValueError:
            number = kind(low - 1)
        if not low <= number <= high:
            sort = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r}, expected {sort} from {low} to {high}")
        return number

    return convert


def progress_bar(items: Iterable[T], what: str, unit: str) -> Iterable[T]:
    """`items` behind a progress bar, which shows on a terminal only."""
    from tqdm import tqdm  # noqa: PLC0415

    bar: Iterable[T] = tqdm(
        items, desc=what, unit=f" {unit}", disable=not sys.stderr.isatty(), leave=False
    )
    return bar
