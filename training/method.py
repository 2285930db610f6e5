# SPDX-License-Identifier: Apache-2.0
"""How a model was made, in words, for its card."""

from collections.abc import Sequence
from typing import Final

from training.config import TrainConfig, lineage, read_config
from training.int8_run import Int8Run

SECOND: Final = " The second model, which looks again: "
"""Between what is told of a first model and of a second one."""


def method(runs: Sequence[Int8Run]) -> str:
    """The whole of it.

    Args:
        runs: of the model, and of the second one where there is one; those that they started from
            are read.

    Raises:
        DatasetError: an earlier run is not there any more.
    """
    about = runs[0].prepared.about
    return (
        f"{SECOND.join(_made(run) for run in runs)} The device's own code ({about.detector}) found "
        f"and cut the faces of {about.found} of {about.pictures} pictures. Near-duplicates never "
        f"fall into two splits; {about.excluded} pictures that are published as fixtures or "
        f"resemble test pictures, and {about.contradictory} with contradictory labels, were left "
        "out."
    )


def _made(run: Int8Run) -> str:
    """How one model came about."""
    return (
        f"{run.config.architecture}, {run.config.model.words()}. "
        f"{' Then '.join(_stage(one) for one in lineage(run.config))} "
        f"{'Quantisation-aware training' if run.aware else 'Post-training quantisation'} to int8."
    )


def _stage(config: TrainConfig) -> str:
    """One of the runs that led to a model, in words."""
    if config.thawed:
        return f"From the int8 weights of {config.thawed}, taken back to float."
    start = config.model.pretrained
    begin = "random weights" if start is None else start.name
    runs = f"{len(config.teachers)} finished run{'s' if len(config.teachers) > 1 else ''}"
    taught = (
        f", targets mixed with the opinions of {runs} on the same pictures (share "
        f"{config.teacher_share}; crops that they get wrong weigh "
        f"{config.emphasis:g}{_asked(config)})"
        if config.teachers
        else ""
    )
    even = ", women and men weighing alike at every lightness of face" if config.even_tones else ""
    gamma = f", under gammas of e^-{config.gamma:g} to e^{config.gamma:g}" if config.gamma else ""
    mixed = f", crops mixed in pairs (alpha {config.mixup:g})" if config.mixup else ""
    left = f", without fold {config.fold} of {config.folds}" if config.folds > 1 else ""
    hidden = f", hair hidden in {config.hide:.0%} of the pictures" if config.hide else ""
    return (
        f"{f'Starting from {begin}' if config.start is None else 'from those weights'}, "
        f"{config.model.words()}: {_phases(config)} (AdamW, batch {config.batch}, label "
        f"smoothing {config.label_smoothing}, seed {config.seed}"
        f"{', int8 rehearsed' if config.quantisation_aware else ''}{taught}{even}"
        f"{gamma}{mixed}{hidden}{left})."
    )


def _phases(config: TrainConfig) -> str:
    """The phases of a run that had epochs, in words."""
    phases = (
        (config.frozen_epochs, "the backbone frozen", config.frozen_rate),
        (config.top_epochs, "the top of the backbone learning", config.top_rate),
        (config.epochs, "everything learning", config.rate),
    )
    told = (f"{n} epochs with {what} at a peak rate of {rate}" for n, what, rate in phases if n)
    return ", then ".join(told)


def _asked(config: TrainConfig) -> str:
    """What the teachers were asked about, where it is not what they themselves learnt from."""
    if config.consistent:
        return "; asked about each augmented crop"
    there = [one for one in config.teachers if (one / "config.json").exists()]
    if any(read_config(one).folds > 1 for one in there):
        return "; asked about the folds that they had left out"
    return ""
