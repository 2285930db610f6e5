# SPDX-License-Identifier: Apache-2.0
"""Inverted residuals: the blocks of which MobileNetV2 and EfficientNet-Lite are made.

Sources: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381;
Tan and Le, "EfficientNet", arXiv 1905.11946. Networks stay flat (no nested model), as
quantisation-aware training needs them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from training.backend import keras
from training.models.parts import normalise

layers = keras.layers


class Net:
    """Makes the layers.

    Args:
        padding: which side the stride-2 layers pad where the padding is odd: "torch" top and left,
            "keras" (and TensorFlow) bottom and right.
    """

    def __init__(self, padding: Literal["torch", "keras"]) -> None:
        self.padding = padding

    def conv(
        self, x: Any, channels: int, *, kernel: int, stride: int, name: str, relu: bool = True
    ) -> Any:
        """A convolution, normalised, with or without ReLU6."""
        x = self._filtered(partial(layers.Conv2D, channels, kernel), x, kernel, stride, name)
        return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x

    def block(
        self, x: Any, expansion: int, channels: int, stride: int, *, name: str, kernel: int = 3
    ) -> Any:
        """An inverted residual: expand, filter each channel, project without activation."""
        inputs, inside = x, int(x.shape[-1]) * expansion
        if expansion != 1:
            x = self.conv(x, inside, kernel=1, stride=1, name=f"{name}_expand")
        filters, filtering = partial(layers.DepthwiseConv2D, kernel), f"{name}_depthwise"
        x = self._filtered(filters, x, kernel, stride, filtering)
        x = layers.ReLU(6.0, name=f"{filtering}_relu")(x)
        x = self.conv(x, channels, kernel=1, stride=1, name=f"{name}_project", relu=False)
        if stride == 1 and int(inputs.shape[-1]) == channels:
            return layers.Add(name=f"{name}_add")([inputs, x])
        return x

    def _filtered(
        self, make: Callable[..., Any], x: Any, kernel: int, stride: int, name: str
    ) -> Any:
        """What a layer that `make` makes gives, normalised; padded here where it strides."""
        padded, padding = (self._pad(x, kernel, name), "valid") if stride == 2 else (x, "same")
        layer = make(strides=stride, padding=padding, use_bias=False, name=f"{name}_conv")
        return normalise(layer(padded), name)

    def _pad(self, x: Any, kernel: int, name: str) -> Any:
        """As much as stride 2 needs: on both sides of an odd picture, else less on one of them."""
        more = kernel // 2
        less = more if int(x.shape[1]) % 2 else more - 1
        sides = (more, less) if self.padding == "torch" else (less, more)
        return layers.ZeroPadding2D((sides, sides), name=f"{name}_pad")(x)


def take_over(whole: Any, cut: Any) -> None:
    """Give a network the weights of one with all blocks.

    Where it lacks blocks or channels of the last convolution, that convolution has other inputs or
    outputs than the whole one's: it stays as it is, with its normalisation.
    """
    shapes = {tuple(net.get_layer("top_conv").kernel.shape) for net in (whole, cut)}
    for layer in cut.layers:
        if len(shapes) == 1 or not layer.name.startswith("top_"):
            layer.set_weights(whole.get_layer(layer.name).get_weights())
