# SPDX-License-Identifier: Apache-2.0
"""Architectures: one file each, chosen by name with typed settings."""

import importlib
import pkgutil
from types import ModuleType

from device.errors import InputError


def names() -> tuple[str, ...]:
    """The architectures there are: every module here but the settings."""
    return tuple(m.name for m in pkgutil.iter_modules(__path__) if m.name != "settings")


def architecture(name: str) -> ModuleType:
    """The module of an architecture, whose `build(ModelSettings)` gives a model.

    Raises:
        InputError: there is none of this name.
    """
    if name not in names():
        raise InputError(f"no architecture {name!r}; there are: {', '.join(names())}")
    return importlib.import_module(f"training.models.{name}")
