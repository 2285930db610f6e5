# SPDX-License-Identifier: Apache-2.0
"""A bundle's int8 model back to a run in float, for runs that start from it or are taught by it.

Conversion folded every batch normalisation into the convolution before it. What it normalised to is
gone, so each is given the mean and variance that training crops have there, and the scale and shift
that undo both: the model's outputs stay what they were, and it can go on learning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.classifier import Classifier, Network
from device.errors import DatasetError
from device.imaging import CropRule
from training.backend import keras, schema, tf
from training.config import TrainConfig, claim
from training.data import as_float
from training.finished import WEIGHTS, build
from training.held_out import float_look, int8_look
from training.method import SECOND
from training.models.settings import ModelSettings, settings_told
from training.narrow import OF_INVERTED_RESIDUALS
from training.prepared import Prepared

CROPS: Final = 512
BATCH: Final = 64
LEAST_AGREEMENT: Final = 0.95
"""Share of crops that float must label as int8 does; shipped models are at 0.98 and more."""

FIRST_EPOCH: Final = 1000
"""A bundle does not say which epochs it has seen; what goes on from it begins beyond any."""

ABSENT: Final = -1
"""In the place of a tensor: conversion leaves a bias of zeros out."""


@dataclass(frozen=True, slots=True)
class Filters:
    """A layer with weights: float64 in Keras's axes, and its bias, float64[outputs]."""

    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]


def thaw(bundle: Bundle, prepared: Prepared, workdir: Path, *, second: bool = False) -> float:
    """Write a model of a bundle as a finished run.

    Args:
        bundle: a classifier of inverted residuals that `training export` wrote.
        prepared: crops cut by the bundle's own rule, some of them for training.
        workdir: of the run.
        second: take the model that looks again, of a bundle of two.

    Returns:
        In what share of CROPS training crops float has the label of int8.

    Raises:
        BundleError: the bundle is no classifier.
        DatasetError: there is no second model, the architecture is not one of inverted residuals,
            the crops are cut by another rule, the weights do not fit, or the workdir holds another
            run.
    """
    classifier = Classifier(bundle)
    _refuse_what_does_not_fit(bundle, classifier.rule, prepared, second=second)
    which = 1 if second else 0
    architecture, settings = _told(bundle, which)
    config = TrainConfig(
        prepared=prepared.folder,
        architecture=architecture,
        model=settings,
        first_epoch=FIRST_EPOCH,
        thawed=f"{bundle.identity}{', its second model' if second else ''}",
    )
    mixed = np.random.default_rng(config.seed).permutation(prepared.indices("train"))
    crops = prepared.crops()[np.sort(mixed[:CROPS])]
    model = build(config)
    try:
        _fill(model, list(_filters(bundle.models[which].read_bytes())))
    except ValueError as error:
        raise DatasetError(
            f"{bundle.path}: its weights do not fit {architecture} as its card tells it ({error}); "
            "thaw it with the Passerby that exported it"
        ) from error
    _normalise(model, as_float(crops))
    same = _agreement(classifier.networks[which], model, crops)
    if same < LEAST_AGREEMENT:
        raise DatasetError(
            f"{bundle.path}: in float it has the label of int8 in {same:.1%} of {len(crops)} "
            f"crops, expected {LEAST_AGREEMENT:.0%}; its card may tell of another network"
        )
    workdir.mkdir(parents=True, exist_ok=True)
    claim(workdir, config)
    model.save_weights(workdir / WEIGHTS)
    return same


def _refuse_what_does_not_fit(
    bundle: Bundle, rule: CropRule, prepared: Prepared, *, second: bool
) -> None:
    if prepared.about.rule != msgspec.structs.replace(rule, margin=0):
        raise DatasetError(
            f"{prepared.folder}: crops cut with {_flags(prepared.about.rule)}, expected those of "
            f"{bundle.identity}; run `training prepare` with {_flags(rule)}"
        )
    if second and len(bundle.models) < 2:
        raise DatasetError(f"{bundle.path}: one model, expected two; leave --second out")


def _flags(rule: CropRule) -> str:
    return f"--size {rule.size} --scale {rule.scale:g} --colour {rule.colour}"


def _told(bundle: Bundle, which: int) -> tuple[str, ModelSettings]:
    """Architecture and settings, as the bundle's method begins to tell of a model."""
    method = bundle.manifest.data.method.partition(SECOND)[2 * which]
    told = re.match(r"(\w+), ([^.]*(?:\.\d[^.]*)*)\. ", method)
    if told is None or told[1] not in OF_INVERTED_RESIDUALS:
        raise DatasetError(
            f"{bundle.path}: its method begins {method[:40]!r}, expected the settings of "
            f"{' or '.join(OF_INVERTED_RESIDUALS)}; other networks cannot be thawed"
        )
    return told[1], settings_told(told[1], told[2])


def _filters(blob: bytes) -> Iterator[Filters]:
    """The layers with weights of a .tflite file, in the order in which they run."""
    model = schema.ModelT.InitFromPackedBuf(blob)
    (graph,) = model.subgraphs
    kinds = schema.BuiltinOperator

    def real(index: int) -> NDArray[np.float64]:
        tensor = graph.tensors[index]
        dtype = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}[tensor.type]
        values = model.buffers[tensor.buffer].data.view(dtype).reshape(tensor.shape)
        told = tensor.quantization
        shape = np.ones(values.ndim, int)
        shape[told.quantizedDimension] = -1
        steps = np.asarray(told.scale).reshape(shape)
        return np.asarray((values - np.asarray(told.zeroPoint).reshape(shape)) * steps)

    filtering = (kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D)
    for operator in graph.operators:
        kind = model.operatorCodes[operator.opcodeIndex].builtinCode
        if kind not in (*filtering, kinds.FULLY_CONNECTED):
            continue
        # The first axis is that of the outputs, or 1 (depthwise); in Keras it is the last one.
        kernel = np.moveaxis(real(operator.inputs[1]), 0, -1)
        bias = operator.inputs[2]
        outputs = kernel.shape[-1] if kernel.shape[-1] > 1 else kernel.shape[-2]
        yield Filters(kernel, np.zeros(outputs) if bias == ABSENT else real(bias))


def _fill(model: Any, stored: list[Filters]) -> None:
    """Give a model these filters, and normalisations that only shift.

    Raises:
        ValueError: their number or a shape differs.
    """
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
    for layer, filters in zip(
        (layer for layer in model.layers if isinstance(layer, kinds)), stored, strict=True
    ):
        if isinstance(layer, keras.layers.Dense):
            layer.set_weights([filters.kernel, filters.bias])
            continue
        layer.set_weights([filters.kernel])
        after, one = _normalisation(model, layer), np.ones_like(filters.bias)
        after.set_weights([one, filters.bias, 0 * one, (1 - after.epsilon) * one])


def _normalise(model: Any, pixels: NDArray[np.float32]) -> None:
    """Let normalisations that only shift normalise, to what these crops have there."""
    convs = [layer for layer in model.layers if layer.name.endswith("_conv")]
    taps = keras.Model(model.inputs, [layer.output for layer in convs])
    batches = tf.data.Dataset.from_tensor_slices(pixels).batch(BATCH)
    sums = [np.zeros((2, layer.output.shape[-1])) for layer in convs]
    counts = [0] * len(convs)
    for batch in batches:
        for i, output in enumerate(taps(batch, training=False)):
            values = output.numpy().astype(np.float64).reshape(-1, output.shape[-1])
            sums[i] += np.stack([values.sum(axis=0), (values**2).sum(axis=0)])
            counts[i] += len(values)
    for layer, both, count in zip(convs, sums, counts, strict=True):
        mean, square = both / count
        variance = np.maximum(square - mean**2, 0)
        after = _normalisation(model, layer)
        _, shift, _, _ = after.get_weights()
        after.set_weights([np.sqrt(variance + after.epsilon), shift + mean, mean, variance])


def _normalisation(model: Any, layer: Any) -> Any:
    return model.get_layer(f"{layer.name.removesuffix('_conv')}_bn")


def _agreement(network: Network, model: Any, crops: NDArray[np.uint8]) -> float:
    return float(((int8_look(network, crops) >= 0) == (float_look(model, crops) >= 0)).mean())
