# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the model rehearses in training what int8 will do to it.

The one door to tensorflow-model-optimization. Source: Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference", arXiv 1712.05877.
"""

from typing import Any, Final

import numpy as np
import tensorflow_model_optimization as tfmot
from numpy.typing import NDArray

from training.backend import keras, tf
from training.data import as_float

# Ranges leave out the rarest activations, and are means over batches. A few outliers in the last
# blocks reach five times as far as all others: ranges that held them would coarsen every step.
BATCHES: Final = 16
BATCH: Final = 16
COVERED: Final = 99.99  # per cent of a layer's activations
LOWEST, HIGHEST = -1.0, 127 / 128  # a black and a white pixel, see training/data.py


class _AsItIs(tfmot.quantization.keras.QuantizeConfig):  # type: ignore[misc]  # publishes no types
    """Leaves a layer without fake quantisation."""

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """No weights are rounded."""
        return []

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """No activations are rounded."""
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        """There is nothing to set."""

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """There is nothing to set."""

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """The activation that follows is rounded, not this."""
        return []

    def get_config(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}


class _Held(tfmot.quantization.keras.quantizers.Quantizer):  # type: ignore[misc]  # no types
    """Keeps a range where it was set, in training too: weights learn to live with it.

    tensorflow-model-optimization would move it to each batch's extremes, outliers and all.
    """

    def __init__(self, quantizer: Any) -> None:
        self._quantizer = quantizer

    def build(self, tensor_shape: Any, name: str, layer: Any) -> Any:
        """Variables of the range."""
        return self._quantizer.build(tensor_shape, name, layer)

    def __call__(self, inputs: Any, training: bool, weights: Any, **kwargs: Any) -> Any:
        """Round as when not training."""
        return self._quantizer(inputs, False, weights, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The quantizer's own."""
        config: dict[str, Any] = self._quantizer.get_config()
        return config


def aware(model: Any) -> Any:
    """The same model with fake quantisation around its layers; its weights are copied.

    Depthwise kernels are left to the converter: it gives each channel its own step, while
    tensorflow-model-optimization would rehearse one step for all (their last axis has length 1).

    Args:
        model: flat functional Keras model, float32[n, s, s, c] -> float32[n, 2].
    """
    quantization = tfmot.quantization.keras
    left = [layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    after = [node.outbound_layer for layer in left for node in layer.outbound_nodes]
    left += [layer for layer in after if isinstance(layer, keras.layers.BatchNormalization)]
    names = {layer.name for layer in left}

    def annotate(layer: Any) -> Any:
        if layer.name in names:
            return quantization.quantize_annotate_layer(layer, _AsItIs())
        return layer

    annotated = keras.models.clone_model(model, clone_function=annotate)
    with quantization.quantize_scope({"_AsItIs": _AsItIs}):
        wrapped = quantization.quantize_apply(quantization.quantize_annotate_model(annotated))
    for layer in wrapped.layers:
        for i, quantizer in enumerate(getattr(layer, "_output_quantizers", ())):
            layer._output_quantizers[i] = _Held(quantizer)
    return wrapped


def set_ranges(wrapped: Any, model: Any, crops: NDArray[np.uint8]) -> None:
    """Start the ranges of all activations where the float model's activations lie.

    tensorflow-model-optimization starts them at +-6 and moves them by a thousandth a step: without
    this, thousands of steps go by before the rehearsal resembles what int8 will do.

    Args:
        wrapped: what `aware` made of `model`.
        model: the float model.
        crops: uint8[n, s, s, c], training crops.
    """
    lows, highs = _ranges(model, crops)
    for layer in wrapped.layers:
        name = layer.name.removeprefix("quant_")
        for variable in layer.weights:
            kind = variable.name.split("/")[-1].split(":")[0]
            if kind in ("output_min", "post_activation_min", "pre_activation_min"):
                variable.assign(lows[name])
            elif kind in ("output_max", "post_activation_max", "pre_activation_max"):
                variable.assign(highs[name])
        _set_weight_ranges(layer)
    pin_input(wrapped)


def _set_weight_ranges(layer: Any) -> None:
    """As a step of training would: symmetric, for each output channel where there are ranges of it.

    They start at +-6, which would round most weights to nothing until the first step.
    """
    named = {variable.name.split("/")[-1].split(":")[0]: variable for variable in layer.weights}
    for kind in ("kernel", "depthwise_kernel"):
        if kind in named and f"{kind}_min" in named:
            low, high = named[f"{kind}_min"], named[f"{kind}_max"]
            axes = tuple(range(len(named[kind].shape) - 1)) if low.shape.rank else None
            most = tf.reshape(tf.reduce_max(tf.abs(named[kind]), axis=axes), low.shape)
            low.assign(-most)
            high.assign(most)


def pin_input(wrapped: Any) -> None:
    """Set the input's range to that of uint8 pixels, so that int8 input is pixel - 128 exactly."""
    pixels = next(layer for layer in wrapped.layers if layer.name.startswith("quantize_layer"))
    for variable in pixels.weights:
        if "_min" in variable.name:
            variable.assign(LOWEST)
        elif "_max" in variable.name:
            variable.assign(HIGHEST)


def plain(wrapped: Any, model: Any) -> Any:
    """Copy what a wrapped model has learnt into the float model; returns the latter.

    Args:
        wrapped: what `aware` made of a model like `model`.
        model: the float model, whose weights are replaced.
    """
    learnt = {variable.name: variable for variable in wrapped.variables}
    for variable in model.variables:
        variable.assign(learnt[variable.name])
    return model


def _ranges(model: Any, crops: NDArray[np.uint8]) -> tuple[dict[str, float], dict[str, float]]:
    """Where all but the rarest outputs of each layer lie, by its name; a mean over batches.

    For the last layer: of what goes into its softmax.
    """
    head = model.layers[-1]
    logits = head.input @ head.kernel + head.bias
    layers = model.layers[1:-1]
    taps = keras.Model(model.inputs, [*(layer.output for layer in layers), logits])
    names = [*(layer.name for layer in layers), head.name]

    lows, highs = [], []
    for begin in range(0, min(len(crops), BATCHES * BATCH), BATCH):
        outputs = taps(as_float(crops[begin : begin + BATCH]), training=False)
        ends = [np.percentile(o.numpy(), (100 - COVERED, COVERED)) for o in outputs]
        lows.append([min(0.0, low) for low, _ in ends])  # 0 must have a step of its own
        highs.append([max(0.0, high) for _, high in ends])
    return (
        dict(zip(names, np.mean(lows, axis=0).tolist(), strict=True)),
        dict(zip(names, np.mean(highs, axis=0).tolist(), strict=True)),
    )
