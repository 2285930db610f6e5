# SPDX-License-Identifier: Apache-2.0
"""How much time the classifier may take, so that a live picture never waits for it.

One thread looks and paints, so what classifying takes is missing between two pictures. A token
bucket bounds it: each frame grants `seconds`; a look that takes longer leaves a debt, and as long
as there is one, faces are followed and shown with the label of their track, but not classified.
With a frame period T, a classifier of c seconds a face and a grant of a, n frames take at most
n * (T + a) + c seconds, however many faces there are and however slow c is.
"""

from collections.abc import Sequence
from math import inf
from typing import TypeVar

Thing = TypeVar("Thing")


class Allowance:
    """Time granted to each frame and spent on its faces, who take turns.

    Args:
        seconds: the grant of one frame, which cannot be saved up; infinity never limits.
    """

    def __init__(self, seconds: float = inf) -> None:
        self._seconds = seconds
        self._left = 0.0
        self._unlimited = False
        self._turn = 0

    @property
    def open(self) -> bool:
        """Whether something may still be spent on this frame."""
        return self._unlimited or self._left > 0

    def grant(self, *, unlimited: bool = False) -> None:
        """A new frame begins; an `unlimited` one spends what it likes, and the next ones pay."""
        self._left = min(self._left + self._seconds, self._seconds)
        self._unlimited = unlimited

    def spend(self, seconds: float) -> None:
        """One face has taken so long."""
        self._left -= seconds
        self._turn += 1

    def in_turn(self, things: Sequence[Thing]) -> list[Thing]:
        """The same things, beginning where the last frame's spending ended."""
        first = self._turn % len(things) if things else 0
        return [*things[first:], *things[:first]]
