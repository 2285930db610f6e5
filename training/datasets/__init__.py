# SPDX-License-Identifier: Apache-2.0
"""Labelled datasets: one file per format, all read through the zip-safe door."""
