# SPDX-License-Identifier: Apache-2.0
"""`python -m training train`: train on a prepared folder; resumes after a kill."""

import argparse
import sys
from pathlib import Path
from typing import Any

from training.verbs.common import within

HELP = """\
Trains a classifier of perceived gender on a prepared folder: first the last layer alone, then
everything. The workdir keeps the configuration, the history, events and checkpoints; stopped at any
moment, the same command goes on where it was.

  python -m training train work/prepared --workdir work/run --pretrained backbone.weights.h5
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run's configuration; what is not given has the default of TrainConfig."""
    parser.add_argument("prepared", type=Path, metavar="PREPARED", help="from `training prepare`")
    parser.add_argument("--workdir", required=True, type=Path, metavar="FOLDER", help="of this run")
    parser.add_argument("--architecture", help="a file under training/models (mobilenet_v2)")
    parser.add_argument("--width", type=within(float, 0.1, 4), help="channel multiplier (1.0)")
    parser.add_argument(
        "--pretrained", type=Path, metavar="FILE", help="ImageNet weights (.weights.h5, no top)"
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="WORKDIR",
        help="begin with what this finished run has learnt (equally wide or wider)",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        action="append",
        dest="teachers",
        metavar="WORKDIR",
        help="mix the opinion of this finished run into the targets (repeatable)",
    )
    parser.add_argument(
        "--teacher-share", type=within(float, 0, 1), help="how much of a target is theirs (0.7)"
    )
    parser.add_argument(
        "--quantisation-aware",
        action="store_true",
        default=None,
        help="rehearse int8 while learning; goes on from --start, with --frozen-epochs 0",
    )
    parser.add_argument(
        "--frozen-epochs", type=within(int, 0, 10_000), help="epochs of the last layer alone"
    )
    parser.add_argument("--epochs", type=within(int, 1, 10_000), help="epochs of everything")
    parser.add_argument("--batch", type=within(int, 1, 10_000), help="pictures in a batch")
    parser.add_argument(
        "--rate", type=within(float, 1e-8, 1), help="peak learning rate of everything"
    )
    parser.add_argument(
        "--seed", type=within(int, 0, 2**31 - 1), help="reproduces order, augmentation and weights"
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        help="the latter two are faster on GPUs that know them, not on CPUs (float32)",
    )
    parser.add_argument(
        "--max-steps",
        type=within(int, 1, 1_000_000_000),
        help="stop each epoch early (to try things out)",
    )


def run(args: argparse.Namespace) -> int:
    """Train to the end.

    Raises:
        DatasetError: the folder is not prepared, or the workdir belongs to another run.
    """
    from training.config import TrainConfig  # noqa: PLC0415
    from training.models.settings import settings_for  # noqa: PLC0415
    from training.prepared import open_prepared  # noqa: PLC0415
    from training.train import train  # noqa: PLC0415

    size = open_prepared(args.prepared).about.rule.size
    model = {"width": args.width, "pretrained": args.pretrained, "input_size": size}
    names = (
        *("architecture", "frozen_epochs", "epochs", "batch", "rate", "seed", "max_steps"),
        "precision",
    )
    given = {
        name: getattr(args, name)
        for name in (*names, "start", "teacher_share", "quantisation_aware")
    }
    given["teachers"] = tuple(args.teachers or ()) or None
    config = TrainConfig(
        prepared=args.prepared,
        model=settings_for("mobilenet_v2", **{k: v for k, v in model.items() if v is not None}),
        **{k: v for k, v in given.items() if v is not None},
    )
    with _Bar() as bar:
        best = train(config, args.workdir, progress=bar)
    print(f"{best}: the best epoch's weights; next: python -m training export {args.workdir}")
    return 0


class _Bar:
    """Shows the run's events: a bar on a terminal, one line for each epoch everywhere."""

    def __init__(self) -> None:
        from tqdm import tqdm  # noqa: PLC0415

        self._bar = tqdm(unit=" steps", disable=not sys.stderr.isatty(), leave=False)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, event: dict[str, Any]) -> None:
        if "steps" in event:
            self._bar.total = event["steps"]
            self._bar.update(event["step"] - self._bar.n)
            if "loss" in event:
                self._bar.set_postfix(loss=event["loss"], accuracy=event["accuracy"])
        elif event["event"] == "epoch":
            self._bar.write(
                f"epoch {event['epoch']} ({event['phase']}): loss {event['loss']:.4f}, accuracy "
                f"{event['accuracy']:.4f}; on held-out faces {event['select_loss']:.4f}, "
                f"{event['select_accuracy']:.4f}"
            )
