# SPDX-License-Identifier: Apache-2.0
"""`python -m training evaluate`: measure a bundle over the whole path, by group."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from training.verbs.common import add_detector, detector_bundle, progress_bar, within

if TYPE_CHECKING:
    from training.evaluate import Measured

HELP = """\
Runs a bundle over labelled pictures through the device's own code: detect, align, classify. A face
that is not found counts as wrong; a picture that is there twice counts once, one with contradictory
labels not at all. Prints accuracy with 95 % intervals, overall and by group; --out writes tables,
plots, a card, and a page of the most confident mistakes, which shows faces and should stay where it
is. Use pictures that the model was not trained on.

  python -m training evaluate models/default test.zip --out work/report
  python -m training evaluate models/default utkface.zip --from-age 15
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which bundle, on what, and where the report goes."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a classifier's bundle")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="labelled ZIP or folder")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the report here")
    parser.add_argument(
        "--from-age",
        type=within(int, 0, 120),
        metavar="YEARS",
        help="count pictures of at least this age (of a band: its lower end)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runtime", choices=("auto", "litert", "tflite"), default="auto")
    add_detector(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        BundleError: a bundle is missing or damaged.
        DatasetError: the labels are in no known format.
    """
    from device.bundle import open_bundle  # noqa: PLC0415
    from device.classifier import Classifier  # noqa: PLC0415
    from device.detector import Detector  # noqa: PLC0415
    from training.datasets import open_dataset  # noqa: PLC0415
    from training.evaluate import measure  # noqa: PLC0415

    classifier = Classifier(open_bundle(args.bundle), runtime=args.runtime)
    detector = Detector(detector_bundle(args), runtime=args.runtime)
    with open_dataset(args.dataset) as dataset:
        measured = measure(
            dataset,
            detector=detector,
            classifier=classifier,
            from_age=args.from_age,
            progress=lambda samples: progress_bar(samples, "measuring", "pictures"),
        )
        if args.out is not None:
            from training.local_report import write_local_report  # noqa: PLC0415

            write_local_report(
                args.out, measured, dataset=dataset, detector=detector, classifier=classifier
            )
    if args.json:
        import msgspec  # noqa: PLC0415

        print(msgspec.json.encode(measured.figures).decode())
    else:
        _print(measured)
    return 0


def _print(measured: "Measured") -> None:
    from training.card import percent  # noqa: PLC0415

    evaluated = measured.figures
    print(f"{evaluated.name} ({evaluated.method})")
    print(f"  accuracy           {percent(evaluated.accuracy)}")
    if evaluated.coverage is not None and evaluated.accuracy_answered is not None:
        print(f"  answered           {percent(evaluated.coverage)}")
        print(f"  accuracy answered  {percent(evaluated.accuracy_answered)}")
    print(f"  calibration error  {evaluated.ece}")
    for group, value in evaluated.groups.items():
        print(f"  {group:34s} {percent(value)}")
    for one in measured.dropped:
        if one.kind != "age":
            print(f"  left out: {one.name}: {one.reason}")
