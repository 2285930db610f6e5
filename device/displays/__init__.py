# SPDX-License-Identifier: Apache-2.0
"""Displays: one file per screen, imported only when chosen."""

from importlib import import_module

from device.protocols import Display

DISPLAYS = {
    "none": ("device.displays.none", "NoneDisplay"),
    "memory": ("device.displays.memory", "MemoryDisplay"),
}


def make_display(kind: str) -> Display:
    """The display of that name, not opened yet."""
    module, name = DISPLAYS[kind]
    display: Display = getattr(import_module(module), name)()
    return display
