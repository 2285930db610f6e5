# SPDX-License-Identifier: Apache-2.0
"""Prepared crops to batches for the trainer, in an order that any step can be resumed from.

Pixels reach the float model as (u - 128) / 128, so that the int8 model's input is u - 128 exactly.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.backend import tf
from training.prepared import Prepared

LABELS = ("female", "male")
# Batches in the making: more processors make more of them at once, never fewer than two.
PARALLEL: Final = max(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of every batch: replicas `first` to `first + count - 1` of `of` equal ones."""

    first: int = 0
    count: int = 1
    of: int = 1


@dataclass(frozen=True, slots=True)
class Vary:
    """What crops vary in beyond pose, distance, light and sharpness; see TrainConfig."""

    gamma: float = 0.0
    hide: float = 0.0
    mixup: float = 0.0


def targets(prepared: Prepared, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index into LABELS for each row of `indices`, int64[k]."""
    return np.array([LABELS.index(prepared.rows[i].perceived_gender) for i in indices], np.int64)


def as_float(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 pixels as the float model takes them, float32 in [-1, 1)."""
    return (pixels.astype(np.float32) - np.float32(128)) / np.float32(128)


def training_batches(
    pixels: NDArray[np.uint8],
    targets: NDArray[np.float32],
    *,
    size: int,
    batch: int,
    seed: int,
    epoch: int,
    first_step: int,
    share: Share = Share(),
    vary: Vary = Vary(),
    retarget: Callable[[Any, Any], Any] | None = None,
) -> Any:
    """A tf.data.Dataset of augmented batches of one epoch, from step `first_step` of it on.

    Order and augmentation depend on seed, epoch and step only: a resumed run sees what an
    uninterrupted one would have seen. The last, incomplete batch of an epoch is left out.

    Args:
        pixels: uint8[n, wide, wide, 3], or one channel in grey.
        targets: float32[n, 2], what is to be learnt.
        size: side of what the model takes.
        batch: pictures in a batch.
        seed: of the whole run.
        epoch: which epoch, from 0.
        first_step: steps of this epoch that are already done.
        share: the part of every batch that is wanted; an element for each of its replicas.
        vary: what is varied beyond the ordinary.
        retarget: makes the final targets of augmented crops and their targets.
    """
    order = np.random.default_rng((seed, epoch)).permutation(len(targets))
    steps, part = len(targets) // batch, batch // share.of

    def gather(begin: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        return pixels[order[begin : begin + part]], targets[order[begin : begin + part]]

    def load(number: Any) -> tuple[Any, Any]:
        step, begin = number // share.count, part * (share.first + number % share.count)
        images, wanted = tf.numpy_function(
            gather, [step * batch + begin], (tf.uint8, tf.float32), stateful=False
        )
        images = tf.ensure_shape(images, (part, *pixels.shape[1:]))
        wanted = tf.ensure_shape(wanted, (part, len(LABELS)))
        draw = tf.stack([seed + 7919 * epoch, step])
        crops = augment(images, size, draw, batch=batch, begin=begin, vary=vary)
        crops, wanted = mixed(crops, wanted, draw + 5, vary.mixup)
        return crops, wanted if retarget is None else retarget(crops, wanted)

    dataset = tf.data.Dataset.range(first_step * share.count, steps * share.count)
    return dataset.map(load, num_parallel_calls=PARALLEL, deterministic=True).prefetch(4)


def augment(
    images: Any,
    size: int,
    seed: Any,
    *,
    batch: int | None = None,
    begin: Any = 0,
    vary: Vary = Vary(),
) -> Any:
    """Vary a batch as a doorway does: pose, distance, light, sharpness.

    Args:
        images: uint8[b, wide, wide, 3]; of one channel, the colours cannot vary.
        size: side of the result.
        seed: int64[2]; the same seed gives the same result.
        batch: pictures in the whole batch of which these are a part, or None for b.
        begin: which of them is the first of these.
        vary: what is varied beyond the ordinary.

    Returns:
        float32[b, size, size, 3 or 1] in [-1, 1).
    """
    part, wide = images.shape[0], images.shape[1]
    draws = tf.random.stateless_uniform((9, batch or part), seed)
    draws = tf.ensure_shape(draws[:, begin : begin + part], (9, part))
    pixels = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=_transforms(draws[:5], size, wide),
        output_shape=[size, size],
        fill_value=128.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    pixels = tf.where(draws[5][:, None, None, None] < 0.2, _soften(pixels, size, seed), pixels)
    shape = (part, 1, 1, 1)
    if vary.gamma:
        powers = tf.random.stateless_uniform((batch or part,), seed + 3, -vary.gamma, vary.gamma)
        pixels = _lit(pixels, tf.reshape(powers[begin : begin + part], shape))
    mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
    contrast = tf.reshape(0.7 + 0.6 * draws[6], shape)
    brightness = tf.reshape(60.0 * (draws[7] - 0.5), shape)
    pixels = (pixels - mean) * contrast + mean + brightness
    grey = tf.reduce_mean(pixels, axis=3, keepdims=True)
    colour = tf.reshape(tf.minimum(1.0, 1.5 * draws[8]), shape)
    pixels = grey + (pixels - grey) * colour
    if vary.hide:
        draws = tf.random.stateless_uniform((4, batch or part), seed + 2)
        draws = tf.ensure_shape(draws[:, begin : begin + part], (4, part))
        pixels = _hidden(pixels, draws, vary.hide)
    return (tf.clip_by_value(pixels, 0.0, 255.0) - 128.0) / 128.0


def mixed(crops: Any, wanted: Any, seed: Any, alpha: float) -> tuple[Any, Any]:
    """Each crop blended with that at the other end of the batch, and so their targets.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization" (arXiv 1710.09412). What a network
    does between two faces it cannot know by heart.

    Args:
        crops: float32[b, s, s, c].
        wanted: float32[b, 2].
        seed: int64[2]; the same seed gives the same result.
        alpha: of the beta distribution of the shares; the larger share is the crop's own; 0 mixes
            nothing.

    Returns:
        The same shapes.
    """
    if not alpha:
        return crops, wanted
    one, other = tf.unstack(tf.random.stateless_gamma((2, crops.shape[0]), seed, alpha))
    own = (tf.maximum(one, other) + 1e-6) / (one + other + 1e-6)  # a small alpha may draw 0 and 0
    images, labels = own[:, None, None, None], own[:, None]
    return (
        images * crops + (1 - images) * tf.reverse(crops, [0]),
        labels * wanted + (1 - labels) * tf.reverse(wanted, [0]),
    )


def _lit(pixels: Any, powers: Any) -> Any:
    """Each of the batch under a gamma of e^power."""
    return 255.0 * (tf.clip_by_value(pixels, 0.0, 255.0) / 255.0) ** tf.exp(powers)


def _hidden(pixels: Any, draws: Any, share: float) -> Any:
    """Some of the batch with one flat grey around an ellipse in the middle."""
    size = pixels.shape[1]
    place = (tf.range(size, dtype=tf.float32) + 0.5) / size - 0.5
    across = (0.30 + 0.15 * draws[1])[:, None, None]  # half axes: from eyes and mouth to the ears
    down = (0.36 + 0.15 * draws[2])[:, None, None]
    outside = (place[None, None, :] / across) ** 2 + (place[None, :, None] / down) ** 2 > 1
    hides = (draws[0] < share)[:, None, None]
    flat = (255.0 * draws[3])[:, None, None, None]
    return tf.where((outside & hides)[..., None], flat, pixels)


def _transforms(draws: Any, size: int, wide: int) -> Any:
    """Rows of ImageProjectiveTransformV3 (output to input): mirror, turn, zoom, shift."""
    mirror = tf.where(draws[0] < 0.5, -1.0, 1.0)
    angle = (draws[1] - 0.5) * (2 * math.radians(12))
    zoom = tf.exp((draws[2] - 0.55) * 0.4)  # 0.80 to 1.20
    across, down = (draws[3] - 0.5) * 0.14 * size, (draws[4] - 0.5) * 0.14 * size
    a, b = zoom * tf.cos(angle) * mirror, -zoom * tf.sin(angle)
    d, e = zoom * tf.sin(angle) * mirror, zoom * tf.cos(angle)
    middle, centre = (size - 1) / 2, (wide - 1) / 2
    c = centre + across - (a + b) * middle
    f = centre + down - (d + e) * middle
    nothing = tf.zeros_like(a)
    return tf.stack([a, b, c, d, e, f, nothing, nothing], axis=1)


def _soften(pixels: Any, size: int, seed: Any) -> Any:
    """The batch as if the faces had been seen from further away."""
    small = tf.random.stateless_uniform((), seed + 1, size // 3, size * 3 // 4, tf.int32)
    shrunk = tf.image.resize(pixels, tf.stack([small, small]), method="area")
    return tf.image.resize(shrunk, (size, size), method="bilinear")
