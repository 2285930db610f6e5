# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from PIL import Image

from device.records import Frame, Stamp

STAMP = Stamp("boot", 1.0, 1001.0, True)


def test_a_frame_of_an_array_hands_that_array_out() -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    frame = Frame(3, STAMP, pixels=pixels)
    assert frame.picture is pixels
    assert frame.pixels is pixels
    assert (frame.number, frame.taken_at) == (3, STAMP)


def test_a_frame_of_an_image_hands_its_pixels_out() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    image = Image.fromarray(pixels)
    frame = Frame(3, STAMP, image)
    assert frame.picture is image
    assert frame.pixels.dtype == np.uint8
    assert np.array_equal(frame.pixels, pixels)


def test_a_frame_is_frozen() -> None:
    frame = Frame(3, STAMP, np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(FrozenInstanceError):
        frame.number = 4  # type: ignore[misc]


def test_records_load_neither_numpy_nor_pillow() -> None:
    code = "import device.records, sys; print(sorted({'numpy', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
