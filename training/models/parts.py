# SPDX-License-Identifier: Apache-2.0
"""What architectures share: the input, widened channel counts, normalisation, the end."""

from typing import Any, Final

from training.backend import keras
from training.models.settings import ModelSettings

layers = keras.layers

# Keras's own 0.99 and 0.999 keep old statistics for hundreds or thousands of steps: short runs then
# train well and evaluate at chance (shared/FACTS.md).
MOMENTUM: Final = 0.9


def pixels(settings: ModelSettings) -> Any:
    """The model's input, float32[n, size, size, channels]."""
    channels = 3 if settings.colour == "rgb" else 1
    return layers.Input((settings.input_size, settings.input_size, channels), name="pixels")


def widened(base: int, width: float) -> int:
    """Channels after the width multiplier: a multiple of 8, at least 90 % of the exact value."""
    exact = base * width
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * exact else rounded


def normalise(x: Any, name: str) -> Any:
    """Batch normalisation, which conversion folds into the convolution before it."""
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-3, name=f"{name}_bn")(x)


def softmax_head(x: Any, dropout: float) -> Any:
    """Pooled features to the probabilities of female and male, float32[n, 2]."""
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    # In float32 under mixed precision too: float16 probabilities have no honest logarithm.
    return layers.Dense(2, activation="softmax", name="head", dtype="float32")(x)
