# SPDX-License-Identifier: Apache-2.0
"""A dataset's pictures for showing: labels by name, and small copies of the pictures."""

import base64
import io
import threading
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from device.errors import InputError
from device.pictures import decode, decode_image
from training.datasets import Sample, open_dataset
from training.studio.home import StoredDataset


class Shelf:
    """An opened dataset that several visits may read from at once."""

    def __init__(self, path: Path) -> None:
        """Open the ZIP or folder at `path`.

        Raises:
            InputError: it is gone, or no dataset any more.
        """
        self._dataset = open_dataset(path)
        self._lock = threading.Lock()
        self.samples = self._dataset.samples
        self._by_name = {sample.name: sample for sample in self.samples}

    def sample(self, name: str) -> Sample | None:
        """The labels of a picture."""
        return self._by_name.get(name)

    def read(self, name: str) -> bytes:
        """The encoded picture.

        Raises:
            InputError: there is none of this name, or it is damaged.
        """
        sample = self.sample(name)
        if sample is None:
            raise InputError(f"{name} is not among the labelled pictures; choose a listed one")
        with self._lock:
            return self._dataset.read(sample)

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """The picture, uint8[height, width, 3].

        Raises:
            InputError: there is none of this name, or it is damaged.
        """
        return decode(self.read(name), name=name)

    def small(self, name: str, side: int = 160) -> str | None:
        """A copy at most `side` px wide and high as a data URI; None where it cannot be read."""
        try:
            image = decode_image(self.read(name), name=name)
        except InputError:
            return None
        image.thumbnail((side, side))
        return as_uri(image)


def shelf_of(dataset: StoredDataset) -> Shelf:
    """The dataset's pictures, opened once for all visits.

    Raises:
        InputError: they are gone.
    """
    source = dataset.source
    try:
        stamp = source.stat().st_mtime_ns
    except OSError as error:
        raise InputError(
            f"{source} cannot be read any more ({error.strerror}); put it back, or remove it on "
            "the page Data"
        ) from error
    return _opened(str(source), stamp)


@st.cache_resource(max_entries=3, show_spinner="Reading the labels ...")
def _opened(path: str, stamp: int) -> Shelf:
    return Shelf(Path(path))


def as_uri(image: Image.Image) -> str:
    """A picture as a data URI (JPEG)."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def crop_uri(pixels: NDArray[Any]) -> str:
    """A crop, uint8[size, size, 3 or 1], as a data URI."""
    return as_uri(Image.fromarray(pixels.squeeze() if pixels.shape[-1] == 1 else pixels))
