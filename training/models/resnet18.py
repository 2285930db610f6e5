# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 with two softmax outputs and a width multiplier.

Source: He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, table 1, with
projections where the shape changes (option B). At width 1.0 it has 11.2 million parameters, a byte
each in int8; the default of 0.5 has 2.8 million, about as many as MobileNetV2 1.0, and 0.9, the
widest that is accepted, keeps the int8 file below 10 MB. Flat, with ReLU and batch normalisation
right after each convolution, so that conversion and quantisation-aware training fold them.
"""

from typing import Any, Final

from training.backend import keras
from training.models.parts import normalise, pixels, softmax_head, widened
from training.models.settings import ResNet18Settings

layers = keras.layers

STAGES: Final = (64, 128, 256, 512)
REPEATS: Final = 2


def top(_: ResNet18Settings) -> str:
    """The first layer of the top stage: the last of four, with three quarters of the weights."""
    return "stage3_block0_first_conv"


def build(settings: ResNet18Settings) -> Any:
    """The model: float32[n, size, size, 3 or 1] in [-1, 1) -> float32[n, 2], female and male."""
    inputs = pixels(settings)
    x = _conv(inputs, widened(STAGES[0], settings.width), kernel=7, stride=2, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, base in enumerate(STAGES):
        for repeat in range(REPEATS):
            stride = 2 if stage > 0 and repeat == 0 else 1
            name = f"stage{stage}_block{repeat}"
            x = _block(x, widened(base, settings.width), stride, name=name)
    return keras.Model(inputs, softmax_head(x, settings.dropout), name="resnet18")


def _block(x: Any, channels: int, stride: int, *, name: str) -> Any:
    """Two 3x3 convolutions, added to what came in or to its projection."""
    shortcut = x
    x = _conv(x, channels, kernel=3, stride=stride, name=f"{name}_first")
    x = layers.ReLU(name=f"{name}_first_relu")(x)
    x = _conv(x, channels, kernel=3, stride=1, name=f"{name}_second")
    if stride != 1 or int(shortcut.shape[-1]) != channels:
        shortcut = _conv(shortcut, channels, kernel=1, stride=stride, name=f"{name}_project")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu")(x)


def _conv(x: Any, channels: int, *, kernel: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return normalise(x, name)
