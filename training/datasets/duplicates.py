# SPDX-License-Identifier: Apache-2.0
"""Finds pictures that show the same thing: difference hashes and clusters of near ones.

Source of the hash: Neal Krawetz, "Kind of Like That" (dHash), hackerfactor.com, 2013; taken here
over 16 x 16 gradients, since 8 x 8 call different aligned faces the same.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE: Final = 16
BITS: Final = SIDE * SIDE
# Of 256 bits. Looked at by eye: every FairFace pair up to 28 was one picture twice, the first pair
# of different pictures came at 30.
NEAR: Final = 28


def difference_hash(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The dHash of a picture: uint8[32], 256 packed bits, 1 where brightness rises to the right.

    Args:
        pixels: uint8[height, width, 3].
    """
    small = Image.fromarray(pixels).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small)
    return np.packbits(grey[:, 1:] > grey[:, :-1])


def near_pairs(
    hashes: NDArray[np.uint8],
    others: NDArray[np.uint8] | None = None,
    *,
    max_distance: int = NEAR,
    block: int = 2048,
) -> Iterator[tuple[int, int]]:
    """Index pairs whose hashes differ in at most `max_distance` bits.

    Args:
        hashes: uint8[n, 32].
        others: uint8[m, 32] to compare with; without it pairs lie within `hashes`, first < second.
        max_distance: in bits of 256.
        block: rows compared at once; memory grows with block x m.
    """
    # Of rows of +1 and -1, the product is the number of equal bits less that of different ones.
    left = _signs(hashes)
    right = left if others is None else _signs(others)
    for start in range(0, len(left), block):
        products = left[start : start + block] @ right.T
        for i, j in np.argwhere(products >= BITS - 2 * max_distance).tolist():
            if others is not None or start + i < j:
                yield start + i, j


def clusters(hashes: NDArray[np.uint8], max_distance: int = NEAR) -> NDArray[np.int64]:
    """Label each picture with the smallest index of its cluster of near-duplicates.

    Nearness is followed from picture to picture, so that a split by label never separates two near
    ones.

    Args:
        hashes: uint8[n, 32].
        max_distance: in bits of 256.

    Returns:
        int64[n].
    """
    parent = list(range(len(hashes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in near_pairs(hashes, max_distance=max_distance):
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    return np.array([root(i) for i in range(len(hashes))], np.int64)


def _signs(hashes: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.unpackbits(hashes, axis=1).astype(np.float32) * 2 - 1
