# SPDX-License-Identifier: Apache-2.0
"""What every architecture can be told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Typed settings of an architecture.

    Attributes:
        input_size: side of the square crop in pixels.
        width: multiplier of the channel counts (alpha in the papers).
        dropout: share of features dropped before the last layer, 0 to 1.
        pretrained: a file of ImageNet weights (Keras's .weights.h5, without top), or None.
    """

    input_size: int = 96
    width: float = 1.0
    dropout: float = 0.2
    pretrained: Path | None = None
