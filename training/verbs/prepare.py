# SPDX-License-Identifier: Apache-2.0
"""`python -m training prepare`: faces found and cut exactly as the device will."""

import argparse
import contextlib
from pathlib import Path

from training.verbs.common import add_detector, detector_bundle, progress_bar, within

HELP = """\
Finds the face in every labelled picture with the device's own detector, cuts it with the device's
own code, and splits the pictures by content: near-duplicates never fall into two splits, and those
with contradictory labels are left out. Says how many faces were not found, by group.

  python -m training prepare faces.zip --out work/prepared
  python -m training prepare train.zip --out work/prepared --exclude test.zip
  python -m training prepare train.zip --out work/grey128 --size 128 --colour grey
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Datasets, where to write, how to cut."""
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET", help="ZIP or folder")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="prepared folder")
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        type=Path,
        metavar="DATASET",
        help="never train on pictures of this dataset or on near-duplicates of them (repeatable)",
    )
    parser.add_argument(
        "--size", type=within(int, 32, 512), default=96, help="side of the crop in px (default: 96)"
    )
    parser.add_argument(
        "--colour",
        choices=("rgb", "grey"),
        default="rgb",
        help="of the crops and of the model's input (default: rgb)",
    )
    parser.add_argument(
        "--scale",
        type=within(float, 0.5, 4),
        default=1.1,
        help="side of the crop as a multiple of the face box (default: 1.1)",
    )
    parser.add_argument(
        "--test",
        action="store_true",
        help="keep all pictures together as a test set instead of splitting them for training",
    )
    add_detector(parser)


def run(args: argparse.Namespace) -> int:
    """Prepare, then say what was found.

    Raises:
        DatasetError: no picture is labelled.
    """
    from device.detector import Detector  # noqa: PLC0415
    from device.imaging import CropRule  # noqa: PLC0415
    from training.datasets import open_dataset  # noqa: PLC0415
    from training.prepare import prepare  # noqa: PLC0415
    from training.prepared import open_prepared  # noqa: PLC0415

    detector = Detector(detector_bundle(args))
    with contextlib.ExitStack() as stack:
        datasets = [stack.enter_context(open_dataset(path)) for path in args.datasets]
        exclude = [stack.enter_context(open_dataset(path)) for path in args.exclude]
        about = prepare(
            datasets,
            args.out,
            detector=detector,
            rule=CropRule(size=args.size, scale=args.scale, colour=args.colour),
            role="test" if args.test else "training",
            exclude=exclude,
            progress=lambda work: progress_bar(work, "cutting", "pictures"),
        )
    print(f"{args.out}: {about.found} faces in {about.pictures} pictures")
    print(f"  left out: {about.excluded} like excluded ones, {about.contradictory} contradictory")
    rows = open_prepared(args.out).rows
    for row in (row for row in rows if row.split == "contradictory"):
        print(f"    contradictory: {row.name} ({row.perceived_gender}; cluster {row.cluster})")
    missed = sorted(about.not_found_by_group.items(), key=lambda item: -item[1])
    print(f"  not found: {sum(n for _, n in missed)}" + (", most of them:" if missed else ""))
    for group, n in missed[:8]:
        print(f"    {n:5d}  {group}")
    for name, reason in about.unread.items():
        print(f"  cannot be read: {name}: {reason}")
    return 0
