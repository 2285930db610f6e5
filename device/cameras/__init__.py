# SPDX-License-Identifier: Apache-2.0
"""Cameras: one file per source of frames."""
