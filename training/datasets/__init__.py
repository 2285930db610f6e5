# SPDX-License-Identifier: Apache-2.0
"""Labelled datasets: one file per format, all read through the zip-safe door."""

from training.datasets.base import Dataset, Fault, Sample
from training.datasets.opening import open_dataset

__all__ = ["Dataset", "Fault", "Sample", "open_dataset"]
