# SPDX-License-Identifier: Apache-2.0
"""Where a run is computed: on this machine's processor, on its GPUs, or by several workers.

- One GPU is used by TensorFlow itself. Several share every batch (`MirroredStrategy`).
- With `TF_CONFIG` set, the workers that it names share every batch
  (`MultiWorkerMirroredStrategy`). All of them run the same command, and all of them see the same
  workdir: only the chief (or the first worker) writes to it, every one resumes from it.

However many replicas there are, they learn what one alone learns from the same batches: each takes
its equal part of every batch, with the augmentation that one alone would give it, and batch
normalisation takes its statistics over the whole batch. What differs is the order of sums, the
masks of dropout layers, and the moving variance, which the synchronised form keeps without Bessel's
correction (a factor of n / (n - 1) for n values in a channel).
"""

import functools
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import InputError, TrainingError
from training.backend import keras, tf
from training.data import Share

log = logging.getLogger(__name__)


@contextmanager
def placed(precision: str = "float32") -> Iterator[None]:
    """Models built inside belong to every replica there is and compute in `precision`.

    Args:
        precision: a name of keras.mixed_precision: float32, mixed_float16 or mixed_bfloat16.

    Raises:
        InputError: TF_CONFIG is set and names no cluster that this process belongs to.
    """
    strategy = (
        of_process()
    )  # before anything else: TensorFlow joins a cluster at its start or never
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(precision)
    try:
        with strategy.scope():
            yield
    finally:
        keras.mixed_precision.set_global_policy(before)


@functools.cache  # a cluster is joined once, and one strategy numbers all collective operations
def of_process() -> Any:
    """The strategy of this process: what the module's text says.

    Raises:
        InputError: TF_CONFIG is set and names no cluster that this process belongs to.
    """
    cluster = workers(os.environ.get("TF_CONFIG", ""))
    if cluster:
        log.info("one of %d workers, waiting for all: %s", len(cluster), ", ".join(cluster))
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def refuse_several(what: str) -> None:
    """Refuse what only one replica can do, inside `placed`.

    Raises:
        InputError: there are several.
    """
    count = tf.distribute.get_strategy().num_replicas_in_sync
    if count > 1:
        raise InputError(
            f"{what} runs on one replica, here are {count}; unset TF_CONFIG, and choose one GPU "
            "with CUDA_VISIBLE_DEVICES=0"
        )


def workers(tf_config: str) -> tuple[str, ...]:
    """Addresses of the workers that TF_CONFIG names, the chief's first; none without a cluster.

    Raises:
        InputError: it is no such configuration, or this process has no place in it.
    """
    if not tf_config.strip():
        return ()
    try:
        read = json.loads(tf_config)
        cluster, task = read.get("cluster", {}), read.get("task", {})
        if not cluster:
            return ()
        if set(cluster) - {"chief", "worker"}:
            raise ValueError(f"it names {', '.join(cluster)}")
        if not 0 <= int(task["index"]) < len(cluster[task["type"]]):
            raise ValueError(f"there is no {task['type']} {task['index']}")
        return (*cluster.get("chief", ()), *cluster.get("worker", ()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"TF_CONFIG cannot be used ({error}); expected JSON such as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            '"task": {"type": "worker", "index": 0}}'
        ) from error


class Crew:
    """The replicas of one model, in this process and in others.

    Args:
        strategy: the one under which the model was built.
        batch: pictures in a batch of all replicas.

    Raises:
        InputError: the batch cannot be shared equally.

    Attributes:
        strategy: likewise.
        replicas: in all processes together.
        several_workers: other processes take part.
        chief: this process writes the run's files.
    """

    def __init__(self, strategy: Any, *, batch: int) -> None:
        self.strategy = strategy
        self.replicas = int(strategy.num_replicas_in_sync)
        if batch % self.replicas:
            raise InputError(
                f"a batch of {batch} cannot be shared equally among {self.replicas} replicas; give "
                f"a --batch that is a multiple of {self.replicas}"
            )
        resolver = strategy.cluster_resolver
        cluster = resolver.cluster_spec().as_dict() if resolver is not None else {}
        self.several_workers = sum(len(addresses) for addresses in cluster.values()) > 1
        self.chief = not self.several_workers or (resolver.task_type, resolver.task_id) == (
            "chief" if "chief" in cluster else "worker",
            0,
        )
        # Values that replicas keep apart are read by all workers together: those that do not write
        # save too, where nobody looks.
        self._aside = None if self.chief else tempfile.TemporaryDirectory()

    def folder(self, run: Path) -> Path:
        """Where this process saves: the run's folder, or a temporary one."""
        return run if self._aside is None else Path(self._aside.name)

    def synchronise(self, model: Any) -> None:
        """Let batch normalisation see whole batches, not each replica's part of them."""
        if self.replicas == 1:
            return
        # Every replica's metrics are of all replicas already; Keras's own choice adds them up.
        model.distribute_reduction_method = "first"
        for layer in model.submodules:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized, layer.fused = True, False

    def shared(self, batches: Callable[[Share], Any]) -> Any:
        """The batches of all replicas, as Keras's `fit` takes them.

        Args:
            batches: gives the tf.data.Dataset of a share of every batch.
        """
        if self.replicas == 1:
            return batches(Share())

        def mine(context: Any) -> Any:
            count = self.replicas // context.num_input_pipelines
            return batches(Share(context.input_pipeline_id * count, count, self.replicas))

        return self.strategy.distribute_datasets_from_function(mine)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Work in which every worker has to take part.

        Raises:
            TrainingError: another worker went away, which TensorFlow tells in many ways.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if not self.several_workers:
                raise
            raise TrainingError(
                f"another worker went away or failed ({error.message.splitlines()[0]}); start all "
                "workers again with the same command: the run goes on from its last checkpoint"
            ) from error

    def chief_says(self, word: bool) -> bool:
        """The chief's `word`, told to all workers; every worker has to ask at the same time."""
        if not self.several_workers:
            return word
        return bool(self._gathered([int(word and self.chief)]).any())

    def agreed(self, *numbers: int) -> bool:
        """Whether all workers say the same."""
        gathered = self._gathered(list(numbers))
        return bool((gathered == gathered[:1]).all())

    def _gathered(self, numbers: list[int]) -> NDArray[np.int64]:
        """Every replica's numbers, int64[replicas, n]."""
        if not self.several_workers:
            return np.array([numbers], np.int64)
        mine = tf.constant([numbers], tf.int64)
        values = self.strategy.run(lambda: tf.identity(mine))
        gathered: NDArray[np.int64] = self.strategy.gather(values, axis=0).numpy()
        return gathered
