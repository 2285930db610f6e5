# SPDX-License-Identifier: Apache-2.0
"""The classic baseline: Conv/MaxPool blocks, Dropout, Flatten, Dense, one sigmoid unit.

The house speaks in two-class softmax outputs, and softmax([z, 0]) is (sigmoid(z), 1 - sigmoid(z)):
the one unit gives the logit z of "female", a constant zero stands in for the other, and categorical
cross-entropy on the pair is binary cross-entropy on the sigmoid, term by term. The zero comes from
padding, which has no weights and is exact in int8: z goes into the softmax as it was quantised.
"""

from typing import Any, Final

from training.backend import keras
from training.models.parts import normalise, pixels
from training.models.settings import CnnSettings

layers = keras.layers

WIDEST: Final = 128


def top(_: CnnSettings) -> str:
    """The first layer of the top stage: the fully connected part."""
    return "dense"


def build(settings: CnnSettings) -> Any:
    """The model: float32[n, size, size, 1 or 3] in [-1, 1) -> float32[n, 2], female and male."""
    x = inputs = pixels(settings)
    for block in range(settings.blocks):
        filters = min(WIDEST, settings.filters * 2**block)
        name = f"block{block}"
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        x = normalise(x, name)
        x = layers.ReLU(name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    x = layers.Dropout(settings.dropout, name="dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(settings.dense, name="dense")(x)
    x = layers.ReLU(name="dense_relu")(x)
    # From here in float32 under mixed precision too: half probabilities have no honest logarithm.
    x = layers.Dense(1, name="head", dtype="float32")(x)
    return keras.Model(inputs, _sigmoid_pair(x), name="cnn")


def _sigmoid_pair(logit: Any) -> Any:
    """softmax([z, 0]) of float32[n, 1]: the sigmoid and what it leaves to 1, float32[n, 2]."""
    x = layers.Reshape((1, 1, 1), name="logit", dtype="float32")(logit)
    x = layers.ZeroPadding2D(((0, 1), (0, 0)), name="zero", dtype="float32")(x)
    x = layers.Flatten(name="pair", dtype="float32")(x)
    return layers.Activation("softmax", name="probabilities", dtype="float32")(x)
