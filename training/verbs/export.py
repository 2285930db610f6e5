# SPDX-License-Identifier: Apache-2.0
"""`python -m training export`: a training run to the bundle that the device runs."""

import argparse
import contextlib
import functools
from pathlib import Path

from device.errors import InputError
from training.verbs.common import add_detector, add_limits, detector_bundle, limits_of, within

HELP = """\
Quantises a trained model to int8 (or takes the one that quantisation-aware training left), fits
offset, temperature and the threshold of "unsure" on held-out pictures, measures it on test sets
through the device's own code, records golden crops, and writes the bundle with its card and report.
With --second a bundle has two models: where the first one's look leaves doubt, both look again.
With --gate a bundle whose first test set shows too large a gap is not written.

  python -m training export work/run --out models/mine --test test.zip
  python -m training export work/run --out models/mine --test test.zip --gate --max-bytes 2700000
  python -m training export work/run --second work/other --out models/mine --test test.zip
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, where to, and with what evidence."""
    parser.add_argument("workdir", type=Path, metavar="WORKDIR", help="of `training train`")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="BUNDLE", help="folder; its name is the bundle's"
    )
    parser.add_argument("--version", default="1", dest="bundle_version", help="of the bundle")
    parser.add_argument(
        "--test",
        action="append",
        default=[],
        type=Path,
        metavar="DATASET",
        help="labelled pictures never trained on, for the evidence (repeatable)",
    )
    parser.add_argument(
        "--golden",
        type=Path,
        default=Path("tests/data/faces"),
        metavar="DATASET",
        help="pictures that may be published with the bundle (default: tests/data/faces)",
    )
    parser.add_argument("--licence", default="not stated", help="of the training pictures")
    parser.add_argument(
        "--gap",
        action="append",
        default=[],
        metavar="TEXT",
        help="what the data lacks (repeatable)",
    )
    _add_second_look(parser)
    parser.add_argument(
        "--gate", action="store_true", help="refuse a bundle that does not pass; see the limits"
    )
    add_detector(parser)
    add_limits(parser)


def _add_second_look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--second",
        type=Path,
        metavar="WORKDIR",
        help="another run on the same prepared folder, whose model looks again too "
        "(default: the first model alone)",
    )
    parser.add_argument(
        "--second-look",
        type=within(float, 0, 10),
        metavar="LOGITS",
        help="look again, mirrored and in a middle light, at crops whose logit is nearer to 0; "
        "0: never (default: 1.5, one crop in seven)",
    )
    parser.add_argument(
        "--margin",
        type=within(int, 0, 32),
        default=0,
        metavar="PIXELS",
        help="let the second look see so much more above the crop, and half of it on either side; "
        "a prepared folder has up to 8 px around 96 and 11 around 128 (default: 0)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the bundle.

    Raises:
        InputError: a margin was asked for, and no second look.
        DatasetError: a run is unfinished, or a dataset cannot be used.
        BundleError: the detector is missing, or the model cannot run on the device.
        GateError: --gate was given and the evidence does not pass; nothing was written.
    """
    from device.detector import Detector  # noqa: PLC0415
    from training.datasets import open_dataset  # noqa: PLC0415
    from training.export import SECOND_LOOK, Export, export  # noqa: PLC0415

    if args.margin and args.second_look == 0:
        raise InputError(
            f"--margin {args.margin} is for the second look, and --second-look 0 has none; "
            "leave one of them out"
        )
    detector = Detector(detector_bundle(args))
    with contextlib.ExitStack() as stack:
        order = Export(
            workdir=args.workdir,
            second=args.second,
            target=args.out,
            version=args.bundle_version,
            golden=stack.enter_context(open_dataset(args.golden)),
            tests=[stack.enter_context(open_dataset(path)) for path in args.test],
            licence=args.licence,
            known_gaps=tuple(args.gap),
            second_look=SECOND_LOOK if args.second_look is None else args.second_look,
            margin=args.margin,
            limits=limits_of(args) if args.gate else None,
        )
        target = export(order, detector=detector, progress=functools.partial(print, flush=True))
    print(f"{target}: written and verified; see {target / 'CARD.md'}")
    return 0
