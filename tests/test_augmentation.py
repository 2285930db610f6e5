# SPDX-License-Identifier: Apache-2.0
"""Augmentation of crops in colour and in grey."""

import numpy as np
import pytest

from training.backend import tf
from training.data import Vary, augment, mixed

pytestmark = pytest.mark.training


def test_grey_crops_vary_as_colourless_ones_do() -> None:
    """One channel gives what three equal ones give: the same pose and light, no colour."""
    wide = np.random.default_rng(1).integers(0, 256, (6, 75, 75, 1), np.uint8)
    seed = tf.constant([11, 12], tf.int64)
    grey = augment(tf.constant(wide), 64, seed).numpy()
    colourless = augment(tf.constant(np.repeat(wide, 3, axis=3)), 64, seed).numpy()
    assert grey.shape == (6, 64, 64, 1)
    assert grey.min() >= -1
    assert grey.max() < 1
    assert grey.std(axis=(1, 2, 3)).min() > 0.01
    assert np.allclose(np.repeat(grey, 3, axis=3), colourless, atol=1e-4)


def test_some_faces_lose_their_surroundings() -> None:
    """One grey around an ellipse, in about so many; the middle and the others stay as they are."""
    wide = np.random.default_rng(1).integers(0, 256, (400, 40, 40, 3), np.uint8)
    seed = tf.constant([11, 12], tf.int64)
    plain = augment(tf.constant(wide), 32, seed).numpy()
    hidden = augment(tf.constant(wide), 32, seed, vary=Vary(hide=0.25)).numpy()
    changed = (plain != hidden).any(axis=(1, 2, 3))
    assert 60 < changed.sum() < 140
    corners = hidden[changed][:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.ptp(corners, axis=(1, 2)).max() == 0
    assert np.array_equal(hidden[:, 12:20, 12:20], plain[:, 12:20, 12:20])


def test_a_gamma_darkens_and_lightens() -> None:
    """Every crop has a gamma of its own: about as many become lighter as become darker."""
    grey = np.full((400, 40, 40, 3), 64, np.uint8)
    seed = tf.constant([11, 12], tf.int64)
    plain = augment(tf.constant(grey), 32, seed)[:, 16, 16, 0]
    varied = augment(tf.constant(grey), 32, seed, vary=Vary(gamma=0.7))[:, 16, 16, 0]
    assert 150 < int((varied > plain).numpy().sum()) < 250


@pytest.mark.parametrize("alpha", [0.01, 0.4, 1.0])
def test_a_crop_and_its_target_are_mixed_alike(alpha: float) -> None:
    """Black crops of one label with white ones of the other: lightness tells the share."""
    light = np.repeat([-1.0, 1.0], 200).astype(np.float32)
    crops = tf.constant(np.broadcast_to(light[:, None, None, None], (400, 8, 8, 3)))
    wanted = tf.constant(np.stack([light < 0, light > 0], axis=1).astype(np.float32))
    images, targets = (x.numpy() for x in mixed(crops, wanted, tf.constant([3, 4]), alpha))
    assert np.allclose(images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3)))
    assert np.allclose((images[:, 0, 0, 0] + 1) / 2, targets[:, 1], atol=1e-5)
    assert np.allclose(targets.sum(axis=1), 1)
    own = targets[np.arange(400), np.repeat([0, 1], 200)]
    assert own.min() >= 0.5 - 1e-5
    # The mean of max(x, 1 - x) under Beta(a, a): 3/4 where it is even, 1 as a goes to 0.
    assert own.mean() == pytest.approx({0.01: 0.99, 0.4: 0.83, 1.0: 0.75}[alpha], abs=0.03)


def test_mixing_is_the_same_for_the_same_seed() -> None:
    rng = np.random.default_rng(1)
    crops = tf.constant(rng.normal(size=(8, 4, 4, 3)).astype(np.float32))
    wanted = tf.constant(rng.uniform(size=(8, 2)).astype(np.float32))
    first, again, other = (
        mixed(crops, wanted, tf.constant([3, n]), 0.4)[0].numpy() for n in (4, 4, 5)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
