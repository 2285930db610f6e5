# SPDX-License-Identifier: Apache-2.0
"""Timings, each a ratio of two things measured side by side in one run."""
