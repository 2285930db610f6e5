# SPDX-License-Identifier: Apache-2.0
"""`python -m training inspect`: what is in a labelled ZIP or folder, before anything is trained."""

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.verbs.common import progress_bar

if TYPE_CHECKING:
    from training.datasets.linting import Inspection, Leak

HELP = """\
Reads labelled pictures and says what is in them: how many by perceived gender, age band and race;
malformed names and rows; pictures that cannot be read; duplicates, and those whose labels
contradict each other. Given several paths (training and test set), it also says which pictures
occur in more than one of them, where they would make a test lie.

  python -m training inspect faces.zip
  python -m training inspect train.zip test.zip --show 0
  python -m training inspect folder/ --json > report.json

Formats are recognised: names such as 24_0_1_date.jpg (UTKFace: age, gender 0 male 1 female, race),
a CSV with the columns file, age, gender, race (FairFace), folders named female and male.
Nothing is unpacked or changed. Faults are findings, not errors: the exit status is 0.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to read and how to print it."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a ZIP, a folder, or a FairFace-style CSV beside its pictures; several are splits",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document with all of it"
    )
    parser.add_argument(
        "--show",
        type=int,
        default=20,
        metavar="N",
        help="list at most N findings of a kind, 0 for all (default: 20; --json has all)",
    )


def run(args: argparse.Namespace) -> int:
    """Inspect every path, then what they share.

    Raises:
        DatasetError: the labels of a path are in no known format.
        InputError: a path cannot be read as a whole.
    """
    # Imported here: --help must answer without numpy.
    from training.datasets import open_dataset  # noqa: PLC0415
    from training.datasets.linting import inspect, leaks, scan  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        datasets = [stack.enter_context(open_dataset(path)) for path in args.paths]
        scans = [
            scan(dataset, progress=lambda samples: progress_bar(samples, "reading", "pictures"))
            for dataset in datasets
        ]
    inspections = [inspect(scanned) for scanned in scans]
    shared = leaks(scans)
    if args.json:
        _print_json(inspections, shared)
    else:
        _print_text(inspections, shared, args.show)
    return 0


def _print_json(inspections: "Sequence[Inspection]", shared: "Sequence[Leak]") -> None:
    import msgspec  # noqa: PLC0415

    document = {"datasets": inspections, "leaks": shared}
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _print_text(inspections: "Sequence[Inspection]", shared: "Sequence[Leak]", show: int) -> None:
    from training import inspection_text  # noqa: PLC0415

    for inspection in inspections:
        print(inspection_text.of_dataset(inspection, show=show), end="\n\n")
    if len(inspections) > 1:
        print(inspection_text.of_leaks(inspections, shared, show=show))
