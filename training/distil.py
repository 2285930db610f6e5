# SPDX-License-Identifier: Apache-2.0
"""What a student is taught: the labels, mixed with what finished runs make of the same pictures.

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network" (arXiv 1503.02531), with
temperature 1. Labels are a few per cent noisy; a teacher's doubt about a picture says so.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from training.backend import tf
from training.config import TrainConfig, read_config
from training.data import LABELS, as_float, targets
from training.finished import best
from training.folds import left_out
from training.prepared import Prepared, open_prepared
from training.strategy import refuse_several
from training.tones import evened, lights

log = logging.getLogger(__name__)


def taught(
    config: TrainConfig, prepared: Prepared, indices: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The target of each training crop: float32[k, 2], female first.

    A row adds up to its crop's weight: cross-entropy takes a row of 3 as it would take three crops.

    Args:
        config: names the teachers and how much of a target is theirs.
        prepared: the student's crops.
        indices: rows of `prepared`.

    Raises:
        DatasetError: a teacher is no finished run, or has not prepared one of these pictures.
    """
    labels = targets(prepared, indices)
    hard = np.eye(len(LABELS), dtype=np.float32)[labels]
    weights = np.ones(len(labels), np.float32)
    if config.even_tones:
        weights = evened(lights(prepared.crops()[indices]), labels)
    if not config.teachers or config.consistent:
        return hard * weights[:, None]
    names = [prepared.rows[i].sha256 for i in indices]
    soft = _mean(np.stack([_opinions(folder, names) for folder in config.teachers]))
    share = np.float32(config.teacher_share)
    mixed = (1 - share) * hard + share * soft.astype(np.float32)
    wrong = soft.argmax(axis=1) != hard.argmax(axis=1)
    if config.emphasis != 1:
        log.info("%d of %d crops count %g times", wrong.sum(), len(wrong), config.emphasis)
    weights[wrong] *= config.emphasis
    weighed: NDArray[np.float32] = mixed * weights[:, None]
    return weighed


def watching(config: TrainConfig) -> Callable[[Any, Any], Any] | None:
    """Mixes the teachers' opinion of the very crops of a step into its targets, if that is wanted.

    Beyer et al., "Knowledge distillation: a good teacher is patient and consistent"
    (arXiv 2106.05237).

    Returns:
        (float32[b, s, s, c] crops, float32[b, 2] targets) -> float32[b, 2] targets; or None.

    Raises:
        DatasetError: a teacher is no finished run, or sees other colours than the student.
        InputError: there are several replicas.
    """
    if not config.consistent:
        return None
    refuse_several("teaching step by step")
    for folder in config.teachers:
        if read_config(folder).folds > 1:
            raise DatasetError(
                f"{folder}: this teacher left a fold out and may judge that alone, but consistent "
                "teachers are asked about every crop; teach without --consistent"
            )
    teachers = [(best(folder), _seen_by(folder, config)) for folder in config.teachers]

    def mixed(crops: Any, hard: Any) -> Any:
        opinions = []
        for teacher, size in teachers:
            seen = tf.image.resize(crops, (size, size), method="bilinear", antialias=True)
            opinions.append(teacher(seen, training=False))
        share, weights = config.teacher_share, tf.reduce_sum(hard, axis=1, keepdims=True)
        return (1 - share) * hard + share * weights * tf.add_n(opinions) / len(opinions)

    return mixed


def _seen_by(teacher: Path, student: TrainConfig) -> int:
    """Side in px of what a teacher looks at."""
    model = read_config(teacher).model
    if model.colour != student.model.colour:
        raise DatasetError(
            f"{teacher}: this teacher looks at {model.colour} crops, the student at "
            f"{student.model.colour} ones; choose a teacher that sees what the student sees"
        )
    return model.input_size


def _mean(opinions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of those who have one: float32[teachers, k, 2], NaN where there is none, to float32[k, 2]."""
    missing = np.isnan(opinions).all(axis=(0, 2))
    if missing.any():
        raise DatasetError(
            f"{missing.sum()} training crops lie in a fold that no teacher left "
            "out; give a --teacher for every fold"
        )
    mean: NDArray[np.float32] = np.nanmean(opinions, axis=0)
    return mean


def _opinions(workdir: Path, digests: Sequence[str]) -> NDArray[np.float32]:
    """A teacher's probabilities for pictures, the mean of each crop and its mirror image.

    The teacher looks at its own prepared crops, which may be larger than the student's. NaN where
    it has left a fold out and the picture is not in it.
    """
    config = read_config(workdir)
    prepared = open_prepared(config.prepared)
    rows = {row.sha256: i for i, row in enumerate(prepared.rows) if row.found}
    try:
        indices = [rows[digest] for digest in digests]
    except KeyError as error:
        raise DatasetError(
            f"{workdir}: its prepared folder lacks a training picture (SHA-256 {error}); prepare "
            "teacher's and student's crops from the same datasets"
        ) from error
    wanted = np.array(indices, np.int64)
    asked = np.ones(len(wanted), np.bool_)
    if config.folds > 1:
        asked = left_out(config, prepared, wanted)
    opinions = np.full((len(wanted), len(LABELS)), np.nan, np.float32)
    opinions[asked] = _asked(best(workdir), prepared.crops(), wanted[asked])
    log.info("asked the teacher %s about %d crops", workdir, asked.sum())
    return opinions


def _asked(model: Any, crops: NDArray[np.uint8], indices: NDArray[np.int64]) -> NDArray[np.float32]:
    parts = [np.empty((0, len(LABELS)), np.float32)]
    for begin in range(0, len(indices), 1024):
        pixels = as_float(crops[indices[begin : begin + 1024]])
        views = (pixels, pixels[:, :, ::-1])
        parts.append(np.mean([model.predict(v, batch_size=128, verbose=0) for v in views], axis=0))
    return np.concatenate(parts)
