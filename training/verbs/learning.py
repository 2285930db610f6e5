# SPDX-License-Identifier: Apache-2.0
"""What a run learns from, as options of `training train`: earlier runs, and how crops weigh."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from training.config import TrainConfig
from training.verbs.common import within


def add_teaching(group: "argparse._ArgumentGroup") -> None:
    """Earlier runs that this one goes on from or listens to."""
    group.add_argument(
        "--start",
        type=Path,
        metavar="WORKDIR",
        help="begin with what this finished run has learnt (equally wide or wider)",
    )
    group.add_argument(
        "--teacher",
        type=Path,
        action="append",
        dest="teachers",
        metavar="WORKDIR",
        help="mix the opinion of this finished run into the targets (repeatable)",
    )
    group.add_argument(
        "--teacher-share",
        type=within(float, 0, 1),
        metavar="SHARE",
        help=f"how much of a target is theirs ({default('teacher_share')})",
    )
    group.add_argument(
        "--folds",
        type=within(int, 1, 100),
        metavar="N",
        help="divide the training crops into N folds and leave one out; as a teacher, the run is "
        f"asked about that one alone, which it cannot know by heart ({default('folds')}: none)",
    )
    group.add_argument(
        "--fold",
        type=within(int, 0, 99),
        metavar="K",
        help=f"which one to leave out, from 0 ({default('fold')})",
    )
    group.add_argument(
        "--consistent",
        action="store_true",
        default=None,
        help="let the teachers look at each augmented crop that the student learns from, step by "
        "step (dearer, and better than their opinion of pictures that they know by heart)",
    )


def add_weighing(group: "argparse._ArgumentGroup") -> None:
    """What counts for more or is hidden, and whether int8 is rehearsed."""
    group.add_argument(
        "--emphasis",
        type=within(float, 1, 100),
        metavar="WEIGHT",
        help="weight of crops whose label the teachers contradict, so that groups which they serve "
        f"badly count for more ({default('emphasis')})",
    )
    group.add_argument(
        "--even-tones",
        action="store_true",
        default=None,
        help="let crops count so that each label is as frequent among dark faces as among light "
        "ones, and darkness cannot pass for a sign of it",
    )
    group.add_argument(
        "--gamma",
        type=within(float, 0, 2),
        metavar="SPAN",
        help=f"vary lightness by a random gamma, e^-SPAN to e^SPAN ({default('gamma')})",
    )
    group.add_argument(
        "--mixup",
        type=within(float, 0, 10),
        metavar="ALPHA",
        help="mix each crop with another of its batch, in shares of the beta distribution of "
        f"ALPHA ({default('mixup')})",
    )
    group.add_argument(
        "--hide",
        type=within(float, 0, 1),
        metavar="SHARE",
        help=f"how often hair and surroundings are hidden ({default('hide')})",
    )
    group.add_argument(
        "--quantisation-aware",
        action="store_true",
        default=None,
        help="rehearse int8 while learning; goes on from --start, with --frozen-epochs 0",
    )


def default(option: str) -> Any:
    """The default of a field of TrainConfig."""
    name = option.replace("-", "_")
    return next(each.default for each in dataclasses.fields(TrainConfig) if each.name == name)
