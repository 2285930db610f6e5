# SPDX-License-Identifier: Apache-2.0
"""The tracker: faces of single frames become people passing, one visit each."""

from device.tracker.tracking import Tracker, TrackerRules

__all__ = ["Tracker", "TrackerRules"]
