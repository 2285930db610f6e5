# SPDX-License-Identifier: Apache-2.0
"""`python -m training thaw`: a bundle's int8 model back to a run in float."""

import argparse
from pathlib import Path

HELP = """\
Takes the int8 model of a bundle back to float and writes it as a finished run, which others can
start from (`training train --start`) or be taught by (--teacher): a shipped model learns your own
pictures in a few epochs. The prepared folder's crops must be cut by the bundle's rule (`training
prepare --size`; 128 for models/default, 96 for models/tiny); they tell what each layer normalises
to. Networks of inverted residuals only.

  python -m training thaw models/default --prepared work/prepared --workdir work/default
  python -m training train work/prepared --workdir work/mine --start work/default \\
      --blocks 17 --top-channels 1216 --frozen-epochs 0 --epochs 3 --rate 1e-4
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which bundle, which crops, where to."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="from `training export`")
    parser.add_argument(
        "--prepared",
        required=True,
        type=Path,
        metavar="PREPARED",
        help="from `training prepare`, with the size of the bundle's crops",
    )
    parser.add_argument("--workdir", required=True, type=Path, metavar="FOLDER", help="of the run")
    parser.add_argument(
        "--second", action="store_true", help="take the model that looks again, of a bundle of two"
    )


def run(args: argparse.Namespace) -> int:
    """Thaw it.

    Raises:
        BundleError: the bundle is missing, damaged or no classifier's.
        DatasetError: the crops or the architecture do not fit, or the workdir holds another run.
    """
    from device.bundle import open_bundle  # noqa: PLC0415
    from training.prepared import open_prepared  # noqa: PLC0415
    from training.thaw import thaw  # noqa: PLC0415

    bundle = open_bundle(args.bundle)
    same = thaw(bundle, open_prepared(args.prepared), args.workdir, second=args.second)
    which = f"{bundle.identity}{', its second model,' if args.second else ''}"
    print(f"{args.workdir}: {which} in float; the label of int8 in {same:.1%} of crops")
    return 0
