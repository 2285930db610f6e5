# SPDX-License-Identifier: Apache-2.0
"""Runs that leave a fold of the training crops out, so that they can judge it as strangers do.

A network knows its training crops by heart, wrong labels and all, so its opinion of them teaches
little. Several runs that each leave another fold out have, together, an honest opinion of every
crop: cross-fitting, as in Dao et al., "Knowledge Distillation as Semiparametric Inference" (arXiv
2104.09732). Near-duplicates share a cluster and never a boundary between folds.
"""

import numpy as np
from numpy.typing import NDArray

from training.config import TrainConfig
from training.prepared import Prepared


def training_indices(config: TrainConfig, prepared: Prepared) -> NDArray[np.int64]:
    """Rows that a run learns from, int64[k]: the train split without the fold it leaves out."""
    indices = prepared.indices("train")
    if config.folds == 1:
        return indices
    return indices[~left_out(config, prepared, indices)]


def left_out(
    config: TrainConfig, prepared: Prepared, indices: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of these rows lie in the fold that a run leaves out, bool[k].

    Args:
        config: of the run; its `folds` are more than one.
        prepared: the run's own folder, whose clusters make the folds.
        indices: rows of `prepared`.
    """
    clusters = np.array([prepared.rows[i].cluster for i in indices], np.int64)
    return np.asarray(clusters % config.folds == config.fold)
