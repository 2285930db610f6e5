# SPDX-License-Identifier: Apache-2.0
"""Augmentation of crops in colour and in grey."""

import numpy as np
import pytest

from training.backend import tf
from training.data import Vary, augment

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
