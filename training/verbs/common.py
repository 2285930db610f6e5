# SPDX-License-Identifier: Apache-2.0
"""What several verbs share: the detector's argument, numbers within bounds, a progress bar."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from device.bundle import Bundle
    from training.gate import Limits

# Option, kind and highest value, and what it says of training.gate.Limits.
LIMITS: Final = (
    ("group_gap", float, 100, "points that the worst race or gender group may lie under the mean"),
    ("group_n", int, 10**9, "pictures that a group must have to be judged"),
    ("gender_gap", float, 100, "points that women and men may lie apart"),
    ("int8_drop", float, 100, "points of accuracy that int8 may lose against float"),
    ("same_label", float, 100, "per cent of pictures that int8 must call what float calls them"),
    ("ece", float, 100, "points of expected calibration error"),
    ("max_bytes", int, 10**9, "bytes of the model's file"),
)


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


def add_limits(parser: argparse.ArgumentParser) -> None:
    """The gates' limits; each default is that of training.gate.Limits."""
    from training.gate import Limits  # noqa: PLC0415

    group = parser.add_argument_group("limits of the gates (points are hundredths)")
    for option, kind, high, text in LIMITS:
        default = getattr(Limits(), option)
        shown = "any" if default is None else f"{default:g}"
        group.add_argument(
            f"--{option.replace('_', '-')}",
            type=within(kind, 0, high),
            default=default,
            metavar="N",
            help=f"{text} (default: {shown})",
        )


def limits_of(args: argparse.Namespace) -> "Limits":
    """The limits that `add_limits` read."""
    from training.gate import Limits  # noqa: PLC0415

    return Limits(**{option: getattr(args, option) for option, *_ in LIMITS})


# Environment variable naming the file in which a progress bar keeps how far it is, as JSON.
PROGRESS_FILE: Final = "PASSERBY_PROGRESS"

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


@contextlib.contextmanager
def stop_wish() -> Iterator[Callable[[], bool]]:
    """Within the block SIGTERM is a wish; the function tells whether it has come."""
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)


def progress_bar(items: Iterable[T], what: str, unit: str) -> Iterable[T]:
    """`items` behind a progress bar, which shows on a terminal only; see PROGRESS_FILE too."""
    from tqdm import tqdm  # noqa: PLC0415

    file = os.environ.get(PROGRESS_FILE)
    if file and isinstance(items, Collection):
        return _noted(items, what, Path(file))
    bar: Iterable[T] = tqdm(
        items, desc=what, unit=f" {unit}", disable=not sys.stderr.isatty(), leave=False
    )
    return bar


def _noted(items: Collection[T], what: str, file: Path) -> Iterator[T]:
    """`items`, with the number of those that are done kept in a file."""
    fresh, due = file.with_name(f"{file.name}.fresh"), 0.0
    for done, item in enumerate(items):
        if time.monotonic() >= due:
            due = time.monotonic() + 0.2
            fresh.write_text(json.dumps({"what": what, "done": done, "total": len(items)}))
            fresh.replace(file)
        yield item
    fresh.write_text(json.dumps({"what": what, "done": len(items), "total": len(items)}))
    fresh.replace(file)
