# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 with two softmax outputs.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381,
table 2. Unlike keras.applications the stride-2 layers pad top and left, as torchvision does: the
ImageNet weights at hand are torchvision's, and with Keras's padding every stage would look at its
picture one pixel off. The model is flat (no nested model), as quantisation-aware training needs it.
"""

from pathlib import Path
from typing import Any, Final

import h5py

from device.errors import DatasetError
from training.backend import keras
from training.models.settings import ModelSettings

layers = keras.layers

# Expansion, channels, repeats, stride of the first repeat.
STAGES: Final = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# Keras's own 0.999 keeps ImageNet's statistics for thousands of steps: short runs then train well
# and evaluate at chance (shared/FACTS.md).
MOMENTUM: Final = 0.9
# The last 160 and 320 channel stages: what staged unfreezing lets go first. A head on features cut
# right before them did better than on the last ones (shared/FACTS.md): these are ImageNet's own.
TOP: Final = "block13_expand_conv"


def build(settings: ModelSettings) -> Any:
    """The model: float32[n, size, size, 3] in [-1, 1) -> float32[n, 2], female and male.

    Raises:
        DatasetError: the file of ImageNet weights does not fit this width.
    """
    inputs = layers.Input((settings.input_size, settings.input_size, 3), name="pixels")
    x = _conv(inputs, _channels(32, settings.width), kernel=3, stride=2, name="stem")
    index = 0
    for expansion, channels, repeats, first_stride in STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            out = _channels(channels, settings.width)
            x = _block(x, expansion, out, stride, name=f"block{index}")
            index += 1
    x = _conv(x, max(1280, _channels(1280, settings.width)), kernel=1, stride=1, name="top")
    backbone = keras.Model(inputs, x)
    if settings.pretrained is not None:
        load_backbone(backbone, settings.pretrained)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(settings.dropout, name="dropout")(x)
    x = layers.Dense(2, activation="softmax", name="head")(x)
    return keras.Model(inputs, x, name="mobilenet_v2")


def load_backbone(backbone: Any, path: Path) -> None:
    """Fill a backbone with ImageNet weights from a Keras 3 `.weights.h5` file, layer by layer.

    Such a file names layers by kind and number in the order of the model, which is ours.

    Raises:
        DatasetError: the file cannot be read, or a shape differs.
    """
    seen: dict[str, int] = {}
    try:
        with h5py.File(path) as file:
            for layer in backbone.layers:
                if not layer.weights:
                    continue
                kind = KINDS[type(layer).__name__]
                number = seen.get(kind, 0)
                seen[kind] = number + 1
                stored = file[f"layers/{kind}_{number}" if number else f"layers/{kind}"]["vars"]
                layer.set_weights([stored[str(i)][()] for i in range(len(layer.weights))])
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{path}: not the weights of a MobileNetV2 of this width without top ({error}); "
            "ImageNet weights at hand are for width 1.0"
        ) from error


KINDS: Final = {
    "Conv2D": "conv2d",
    "DepthwiseConv2D": "depthwise_conv2d",
    "BatchNormalization": "batch_normalization",
}


def _channels(base: int, width: float) -> int:
    """Channels after the width multiplier: a multiple of 8, at least 90 % of the exact value."""
    exact = base * width
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * exact else rounded


def _conv(x: Any, channels: int, *, kernel: int, stride: int, name: str, relu: bool = True) -> Any:
    x = layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        use_bias=False,
        name=f"{name}_conv",
    )(_pad(x, name) if stride == 2 else x)
    return _normalise(x, name, relu=relu)


def _depthwise(x: Any, *, stride: int, name: str) -> Any:
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        use_bias=False,
        name=f"{name}_conv",
    )(_pad(x, name) if stride == 2 else x)
    return _normalise(x, name, relu=True)


def _pad(x: Any, name: str) -> Any:
    """One pixel at the top and left, and at the bottom and right of an odd side (torch's grid)."""
    odd = int(x.shape[1]) % 2
    return layers.ZeroPadding2D(((1, odd), (1, odd)), name=f"{name}_pad")(x)


def _normalise(x: Any, name: str, *, relu: bool) -> Any:
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


def _block(x: Any, expansion: int, channels: int, stride: int, *, name: str) -> Any:
    """An inverted residual: expand, filter each channel, project without activation."""
    inputs, inside = x, int(x.shape[-1]) * expansion
    if expansion != 1:
        x = _conv(x, inside, kernel=1, stride=1, name=f"{name}_expand")
    x = _depthwise(x, stride=stride, name=f"{name}_depthwise")
    x = _conv(x, channels, kernel=1, stride=1, name=f"{name}_project", relu=False)
    if stride == 1 and int(inputs.shape[-1]) == channels:
        return layers.Add(name=f"{name}_add")([inputs, x])
    return x
