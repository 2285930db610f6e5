# SPDX-License-Identifier: Apache-2.0
"""`python -m training evaluate`: measure a bundle over the whole path, by group."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from training.verbs.common import add_detector, detector_bundle, progress_bar

if TYPE_CHECKING:
    from device.bundle.manifest import EvaluatedSet

HELP = """\
Runs a bundle over labelled pictures through the device's own code: detect, align, classify. A face
that is not found counts as wrong. Prints accuracy with 95 % intervals, overall and by group; --out
writes tables and plots. Use pictures that the model was not trained on.

  python -m training evaluate models/default test.zip
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which bundle, on what, and where the report goes."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a classifier's bundle")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="labelled ZIP or folder")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write tables and plots here")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runtime", choices=("auto", "litert", "tflite"), default="auto")
    add_detector(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        BundleError: a bundle is missing or damaged.
        DatasetError: the labels are in no known format.
    """
    import msgspec  # noqa: PLC0415

    from device.bundle import open_bundle  # noqa: PLC0415
    from device.classifier import Classifier  # noqa: PLC0415
    from device.detector import Detector  # noqa: PLC0415
    from training.datasets import open_dataset  # noqa: PLC0415
    from training.evaluate import WHOLE_PATH, summarise, whole_path  # noqa: PLC0415

    classifier = Classifier(open_bundle(args.bundle), runtime=args.runtime)
    detector = Detector(detector_bundle(args), runtime=args.runtime)
    with open_dataset(args.dataset) as dataset:
        outcomes = whole_path(
            dataset,
            detector=detector,
            classifier=classifier,
            progress=lambda samples: progress_bar(samples, "measuring", "pictures"),
        )
    evaluated = summarise(Path(dataset.name).name, WHOLE_PATH, outcomes)
    if args.out is not None:
        from training.report import write_report  # noqa: PLC0415

        write_report(args.out, [(evaluated, outcomes)], history=None)
    if args.json:
        print(msgspec.json.encode(evaluated).decode())
    else:
        _print(evaluated)
    return 0


def _print(evaluated: "EvaluatedSet") -> None:
    from training.card import percent  # noqa: PLC0415

    print(f"{evaluated.name} ({evaluated.method})")
    print(f"  accuracy           {percent(evaluated.accuracy)}")
    if evaluated.coverage is not None and evaluated.accuracy_answered is not None:
        print(f"  answered           {percent(evaluated.coverage)}")
        print(f"  accuracy answered  {percent(evaluated.accuracy_answered)}")
    print(f"  calibration error  {evaluated.ece}")
    for group, value in evaluated.groups.items():
        print(f"  {group:34s} {percent(value)}")
