# SPDX-License-Identifier: Apache-2.0
"""ImageNet weights of MobileNetV2, from a file or from Keras's own download."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError, InputError
from training.backend import keras
from training.models.settings import IMAGENET

log = logging.getLogger(__name__)

Weights = list[NDArray[np.float32]]
# Sides of the pictures for which Keras has weights.
DOWNLOADED_SIZES: Final = (96, 128, 160, 192, 224)
KINDS: Final = {
    "Conv2D": "conv2d",
    "DepthwiseConv2D": "depthwise_conv2d",
    "BatchNormalization": "batch_normalization",
}


def fill_backbone(backbone: Any, source: Path, *, width: float) -> None:
    """Fill a MobileNetV2 without top with ImageNet weights, layer by layer.

    A grey input takes the sum of the three colours' weights: what the colours would give for a grey
    picture.

    Args:
        backbone: the model to fill.
        source: a Keras 3 `.weights.h5` file, or IMAGENET for Keras's own download.
        width: of the backbone.

    Raises:
        DatasetError: the file cannot be read, or a shape differs.
        InputError: the download failed.
    """
    filled = [layer for layer in backbone.layers if layer.weights]
    stored = _downloaded(width, int(backbone.input_shape[1])) if source == IMAGENET else None
    try:
        if stored is not None:
            _fill(filled, iter([layer.get_weights() for layer in stored.layers if layer.weights]))
            return
        with h5py.File(source) as file:
            _fill(filled, _in_order(file, filled))
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{source}: not the weights of a MobileNetV2 of width {width} without top ({error}); "
            f"give a file of this width, or `{IMAGENET}` for Keras's own download"
        ) from error


def _fill(filled: list[Any], stored: Iterator[Weights]) -> None:
    """Give each layer the next weights.

    Raises:
        ValueError: a shape differs.
    """
    for layer, (first, *others) in zip(filled, stored, strict=True):
        grey = first.ndim == 4 and first.shape[2] == 3 and layer.weights[0].shape[2] == 1
        layer.set_weights([first.sum(axis=2, keepdims=True) if grey else first, *others])


def _in_order(file: Any, filled: list[Any]) -> Iterator[Weights]:
    """The weights for each layer: such a file names layers by kind and number, in our order."""
    seen: dict[str, int] = {}
    for layer in filled:
        kind = KINDS[type(layer).__name__]
        number = seen.get(kind, 0)
        seen[kind] = number + 1
        stored = file[f"layers/{kind}_{number}" if number else f"layers/{kind}"]["vars"]
        yield [stored[str(i)][()] for i in range(len(layer.weights))]


def _downloaded(width: float, size: int) -> Any:
    """Keras's own MobileNetV2 of this width without top, for the nearest size that it has.

    Raises:
        InputError: it can be neither downloaded nor found where Keras keeps such files.
    """
    side = min(DOWNLOADED_SIZES, key=lambda known: abs(known - size))
    log.info("ImageNet weights of width %s for %d px, from Keras", width, side)
    try:
        return keras.applications.MobileNetV2(
            input_shape=(side, side, 3), alpha=width, include_top=False, weights="imagenet"
        )
    except Exception as error:
        # Keras turns what the network said into an Exception without a kind of its own.
        if not isinstance(error, OSError) and not isinstance(error.__context__, OSError):
            raise
        raise InputError(
            f"Keras's ImageNet weights cannot be downloaded ({error}); connect this machine to the "
            "network, copy the file that is named to ~/.keras/models, or give a file of your own "
            "with --pretrained"
        ) from error
