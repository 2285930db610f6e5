# SPDX-License-Identifier: Apache-2.0
"""The store: visits and counts in SQLite, bounded and safe against a power cut."""

from device.store.sink import Store

__all__ = ["Store"]
