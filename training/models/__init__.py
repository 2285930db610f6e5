# SPDX-License-Identifier: Apache-2.0
"""Architectures: one file each, chosen by name with typed settings (settings.py)."""

import importlib
from types import ModuleType

from training.models.settings import settings_kind


def architecture(name: str) -> ModuleType:
    """The module of an architecture.

    Its `build` takes the settings of that architecture and gives a flat, uncompiled Keras model,
    float32[n, size, size, 3 or 1] in [-1, 1) -> float32[n, 2], softmax over female and male, whose
    last layer with weights is called "head". Its `top`, from the same settings, names the first
    layer of the stage that learns before all the rest does.

    Raises:
        InputError: there is none of this name.
    """
    return importlib.import_module(f"training.models.{settings_kind(name).architecture}")
