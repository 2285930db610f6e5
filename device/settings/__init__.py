# SPDX-License-Identifier: Apache-2.0
"""The settings: frozen and typed, read from TOML, every fault reported by key path."""

from device.places import find_settings as find
from device.settings.fields import as_plain, as_toml
from device.settings.loading import Settings, load, read, sample

__all__ = ["Settings", "as_plain", "as_toml", "find", "load", "read", "sample"]
