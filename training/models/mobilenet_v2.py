# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 with two softmax outputs.

Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381,
table 2. ImageNet weights come from torchvision or from Keras, and the two pad their stride-2 layers
on opposite sides: with the wrong one every stage looks at its picture one pixel off. The model is
flat (no nested model), as quantisation-aware training needs it.
"""

import dataclasses
from typing import Any, Final

from training.backend import keras
from training.models.inverted import Net, take_over
from training.models.parts import pixels, softmax_head, widened
from training.models.settings import MobileNetV2Settings
from training.pretrained import fill_backbone

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
BLOCKS: Final = tuple(
    (expansion, channels, stride if repeat == 0 else 1)
    for expansion, channels, repeats, stride in STAGES
    for repeat in range(repeats)
)
# The network that ImageNet's weights are of.
WHOLE: Final[dict[str, Any]] = {"blocks": 17, "top_channels": 1280}


def top(settings: MobileNetV2Settings) -> str:
    """The first layer of the top stage: block 13, or the last block of fewer.

    From there on (160 channels, then 320) features are ImageNet's own: a head on what comes before
    did better than one on the end (shared/FACTS.md).
    """
    return f"block{min(13, settings.blocks - 1)}_expand_conv"


def build(settings: MobileNetV2Settings) -> Any:
    """The model: float32[n, size, size, 3 or 1] in [-1, 1) -> float32[n, 2], female and male.

    Raises:
        DatasetError: the file of ImageNet weights does not fit this width.
        InputError: Keras's own weights cannot be downloaded.
    """
    backbone = _backbone(settings)
    if settings.pretrained is not None:
        whole = _backbone(dataclasses.replace(settings, **WHOLE))
        fill_backbone(whole, settings.pretrained, width=settings.width)
        take_over(whole, backbone)
    outputs = softmax_head(backbone.output, settings.dropout)
    return keras.Model(backbone.input, outputs, name="mobilenet_v2")


def _backbone(settings: MobileNetV2Settings) -> Any:
    """All but the last layer."""
    inputs = pixels(settings)
    net = Net(settings.padding)
    x = net.conv(inputs, widened(32, settings.width), kernel=3, stride=2, name="stem")
    for index, (expansion, channels, stride) in enumerate(BLOCKS[: settings.blocks]):
        out = widened(channels, settings.width)
        x = net.block(x, expansion, out, stride, name=f"block{index}")
    return keras.Model(inputs, net.conv(x, _top(settings), kernel=1, stride=1, name="top"))


def _top(settings: MobileNetV2Settings) -> int:
    """Channels of the last convolution: the paper narrows it for no width."""
    return max(settings.top_channels, widened(settings.top_channels, settings.width))
