# SPDX-License-Identifier: Apache-2.0
"""Batches: the same from any step on, and the same in parts as in one."""

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.training
BATCH, STEPS = 12, 3


def batches(**more: Any) -> list[tuple[Any, Any]]:
    from training.data import training_batches  # noqa: PLC0415

    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (BATCH * STEPS + 5, 40, 40, 3), dtype=np.uint8)
    targets = random.random((len(pixels), 2), dtype=np.float32)
    about: dict[str, Any] = {"size": 32, "batch": BATCH, "seed": 3, "epoch": 2, "first_step": 0}
    found = training_batches(pixels, targets, **{**about, **more})
    return [(images.numpy(), wanted.numpy()) for images, wanted in found]


def test_an_epoch_goes_on_from_any_step_and_differs_from_the_next() -> None:
    whole = batches()
    assert len(whole) == STEPS
    for known, again in zip(whole[1:], batches(first_step=1), strict=True):
        assert np.array_equal(known[0], again[0])
        assert np.array_equal(known[1], again[1])
    for other in (batches(epoch=3), batches(seed=4)):
        assert not np.array_equal(whole[0][0], other[0][0])
        assert not np.array_equal(whole[0][1], other[0][1])


def test_the_replicas_parts_together_are_the_batch() -> None:
    from training.data import Share  # noqa: PLC0415

    first, rest = batches(share=Share(0, 1, 4)), batches(share=Share(1, 3, 4))
    assert len(first) == STEPS
    assert len(rest) == 3 * STEPS
    for step, (images, wanted) in enumerate(batches()):
        parts = [first[step], *rest[3 * step : 3 * step + 3]]
        # Vector instructions round the angles of few pictures to another last bit, which moves
        # every pixel of this noise by as much.
        assert np.allclose(images, np.concatenate([part[0] for part in parts]), rtol=0, atol=1e-4)
        assert np.array_equal(wanted, np.concatenate([part[1] for part in parts]))
