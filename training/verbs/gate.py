# SPDX-License-Identifier: Apache-2.0
"""`python -m training gate`: judge a bundle by the evidence recorded in it."""

import argparse
from pathlib import Path

from training.verbs.common import add_limits, limits_of

HELP = """\
Judges a bundle by the evidence recorded in it when it was exported, on its first test set: the
worst group by perceived gender, race or both; women against men; int8 against float; calibration;
size. Names every gate that fails with its figure and limit, and ends with status 71 then. Age bands
are not judged, but those further under the mean than a group may be are named.

  python -m training gate models/default
  python -m training gate models/tiny --max-bytes 700000
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which bundle, and the limits."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a classifier's bundle")
    add_limits(parser)


def run(args: argparse.Namespace) -> int:
    """Judge and say so.

    Raises:
        BundleError: the bundle is missing or damaged.
        GateError: its evidence does not pass.
    """
    from device.bundle import open_bundle  # noqa: PLC0415
    from training.gate import apart, require  # noqa: PLC0415

    bundle, limits = open_bundle(args.bundle), limits_of(args)
    evidence, size = bundle.manifest.evidence, bundle.manifest.model_bytes
    for one in apart(evidence, limits):
        print(f"not judged: {one}")
    require(evidence, model_bytes=size, limits=limits)
    print(f"{bundle.identity}: passes every gate on {evidence.tests[0].name}")
    return 0
