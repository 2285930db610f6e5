# SPDX-License-Identifier: Apache-2.0
"""How a screen is used, with the defaults of its settings. Light: nothing is imported for it."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Literal

Kind = Literal["none", "framebuffer", "window", "memory"]
Rotation = Literal[0, 90, 180, 270]
Bits = Literal[16, 32]


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """What is chosen of a screen; each field's meaning stands in the settings' `[display]`."""

    kind: Kind = "none"
    device: Path = Path("/dev/fb0")
    console: Path | None = Path("/dev/tty1")
    size: tuple[int, int] | None = None
    bits: Bits = 32
    rotation: Rotation = 0
    private: bool = False
    dark_from: time = time()
    dark_until: time = time()
