# SPDX-License-Identifier: Apache-2.0
"""Draws what was seen. Pure: pixels and records in, pictures out, nothing kept."""

from device.overlay.still import draw
from device.overlay.tally import Tally
from device.overlay.theme import NOTICE, PLAIN, Theme

__all__ = ["NOTICE", "PLAIN", "Tally", "Theme", "draw"]
