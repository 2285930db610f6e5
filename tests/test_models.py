# SPDX-License-Identifier: Apache-2.0
"""Architectures: their settings, their parameters, and that each learns, in whole and in part."""

from typing import Any

import numpy as np
import pytest

from training.models import architecture
from training.models.settings import (
    CnnSettings,
    MobileNetV2Settings,
    ModelSettings,
    ResNet18Settings,
)

pytestmark = pytest.mark.training

SMALL = {
    "cnn": CnnSettings(input_size=64, blocks=4, filters=8),
    "mobilenet_v2": MobileNetV2Settings(input_size=64, width=0.35),
    "resnet18": ResNet18Settings(input_size=64, width=0.125),
}


def build(settings: ModelSettings) -> Any:
    return architecture(settings.architecture).build(settings)


def parameters(settings: ModelSettings) -> int:
    return int(build(settings).count_params())


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        # Keras's documentation of each width without top, and the head's 2 x (channels + 1).
        (0.35, 410_208 + 2_562),
        (0.5, 706_224 + 2_562),
        (0.75, 1_382_064 + 2_562),
        (1.0, 2_257_984 + 2_562),
    ],
)
def test_mobilenet_v2_has_its_parameters(width: float, expected: int) -> None:
    assert parameters(MobileNetV2Settings(width=width)) == expected


def test_cnn_and_resnet18_have_their_parameters() -> None:
    assert parameters(CnnSettings()) == 377_041
    assert parameters(ResNet18Settings()) == 2_804_194


def test_resnet18_is_the_paper_s_at_full_width() -> None:
    """torchvision's has 11,689,512 parameters, of which 513,000 are in its 1,000-class layer."""
    full = ResNet18Settings(input_size=64)
    object.__setattr__(full, "width", 1.0)  # is refused otherwise, for its size
    learnt = sum(int(np.prod(w.shape)) for w in build(full).trainable_weights)
    assert learnt == 11_689_512 - 513_000 + 2 * 513
