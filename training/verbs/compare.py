# SPDX-License-Identifier: Apache-2.0
"""`python -m training compare`: float, int8 and quantisation-aware models side by side."""

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from training.verbs.common import add_detector, detector_bundle, progress_bar

if TYPE_CHECKING:
    from training.compare import Pictures
    from training.contenders import Contender

HELP = """\
Asks several models about the same pictures and tabulates accuracy, agreement with the first, size
and time (one thread, in turns, in one run). A training run stands for its float model and what
quantisation after training makes of it; a run of quantisation-aware training for its int8 model; a
bundle for itself. Without --data the pictures are those that the first run held out. --out writes
the table and a grid of the worst disagreements, which shows faces and should stay where it is.

  python -m training compare work/run work/run-qat --out work/compared
  python -m training compare models/default models/tiny --data test.zip
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which models, on what, and where the table goes."""
    parser.add_argument(
        "models", nargs="+", type=Path, metavar="WORKDIR_OR_BUNDLE", help="the first sets the mark"
    )
    parser.add_argument("--data", type=Path, metavar="DATASET", help="labelled ZIP or folder")
    parser.add_argument(
        "--split",
        choices=("calibrate", "select"),
        default="calibrate",
        help="of the first run, where there is no --data (default: calibrate)",
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write table and grid here")
    add_detector(parser)


def run(args: argparse.Namespace) -> int:
    """Compare and print the table.

    Raises:
        DatasetError: a path is neither run nor bundle, or the pictures do not fit.
        BundleError: a bundle is missing or damaged.
    """
    from training.compare import compare  # noqa: PLC0415
    from training.contenders import contenders  # noqa: PLC0415
    from training.disagreements import as_text, write_comparison  # noqa: PLC0415

    found = contenders(args.models)
    pictures = _pictures(args, found)
    comparison = compare(found, pictures)
    print(as_text(comparison, pictures), end="")
    if args.out is not None:
        write_comparison(args.out, comparison, pictures, found)
    return 0


def _pictures(args: argparse.Namespace, found: "list[Contender]") -> "Pictures":
    """Those of --data, else what the first run held out."""
    from device.errors import DatasetError  # noqa: PLC0415
    from training.compare import of_dataset, of_split  # noqa: PLC0415
    from training.prepared import open_prepared  # noqa: PLC0415

    rules = {one.rule for one in found}
    if args.data is None:
        run = next((path for path in args.models if (path / "config.json").exists()), None)
        if run is None:
            raise DatasetError("bundles hold no pictures to compare on: name some with --data")
        from training.config import read_config  # noqa: PLC0415

        return of_split(open_prepared(read_config(run).prepared), args.split, rules)
    from device.detector import Detector  # noqa: PLC0415
    from training.datasets import open_dataset  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        return of_dataset(
            stack.enter_context(open_dataset(args.data)),
            Detector(detector_bundle(args)),
            rules,
            progress=lambda samples: progress_bar(samples, "cutting", "pictures"),
        )
