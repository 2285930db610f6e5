# SPDX-License-Identifier: Apache-2.0
"""Whether something grows: the slope of a series, with an interval that knows of its memory.

Resident memory is no independent noise: what a process takes it mostly keeps, so that neighbouring
samples are alike and a plain regression is far too sure of itself. Therefore:

- the first fifth of the samples is left out: buffers fill and caches grow to their bounds there;
- what is left is averaged over 20 blocks of equal length (batch means);
- the slope is that of least squares through the blocks;
- its standard error is widened by sqrt((1 + r) / (1 - r)), r being the correlation of neighbouring
  residuals where that is positive (an AR(1) process' loss of independent samples);
- the interval is Student's with 18 degrees of freedom, 95 %.

"Statistically zero" means that this interval reaches down to zero or below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WARM_UP_SHARE = 0.2
BLOCKS = 20
# Student's t for 18 degrees of freedom at 0.975.
_QUANTILE = 2.1009
# Beyond this the widening means no more than "not to be judged".
_MOST_CORRELATION = 0.95


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth of the one quantity per unit of the other, and its 95 % interval."""

    value: float
    low: float
    high: float
    correlation: float

    @property
    def is_growth(self) -> bool:
        """Whether the interval lies wholly above zero."""
        return self.low > 0


def slope(x: Sequence[float], y: Sequence[float]) -> Slope:
    """The slope of `y` on `x`, in the order in which they were sampled.

    Raises:
        ValueError: fewer samples than two for each block.
    """
    first = int(len(x) * WARM_UP_SHARE)
    if len(x) != len(y) or len(x) - first < 2 * BLOCKS:
        raise ValueError(f"{len(x)} samples, expected at least {2 * BLOCKS / (1 - WARM_UP_SHARE)}")
    across, up = (
        np.array([part.mean() for part in np.array_split(np.asarray(v, float)[first:], BLOCKS)])
        for v in (x, y)
    )
    across = across - across.mean()
    spread = float(across @ across)
    value = float(across @ up) / spread
    rest = up - up.mean() - value * across
    squares = float(rest @ rest)
    correlation = float(rest[1:] @ rest[:-1]) / squares if squares > 0 else 0.0
    correlation = min(max(correlation, 0.0), _MOST_CORRELATION)
    error = (squares / (BLOCKS - 2) / spread) ** 0.5
    reach = _QUANTILE * error * ((1 + correlation) / (1 - correlation)) ** 0.5
    return Slope(value, value - reach, value + reach, correlation)
