# SPDX-License-Identifier: Apache-2.0
"""Float model to full-integer .tflite: int8 in, int8 out, every operation in int8.

Post-training quantisation, as TensorFlow Lite specifies it: per-channel weights, per-tensor
activations (Jacob et al., arXiv 1712.05877), ranges taken from representative crops.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.errors import BundleError
from device.interpreter import Interpreter
from training.backend import tf
from training.data import as_float

REPRESENTATIVE: Final = 500


def to_int8(model: Any, crops: NDArray[np.uint8]) -> bytes:
    """Quantise a Keras model after training.

    Args:
        model: float32[n, s, s, 3] -> float32[n, 2].
        crops: uint8[n, s, s, 3], representative of what the device will see.

    Returns:
        The bytes of a .tflite file whose input is pixel - 128 as int8.

    Raises:
        BundleError: the converted model is not what the device expects.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _representative(crops)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    blob = bytes(converter.convert())
    check_input(blob)
    return blob


def _representative(crops: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    """Single crops as the float model takes them.

    The first one is given a black and a white pixel: the input's range is then all of uint8, and
    its quantisation exactly pixel - 128.
    """
    for i, crop in enumerate(crops[:REPRESENTATIVE]):
        values = as_float(crop[None])
        if i == 0:
            values[0, 0, 0] = -1.0
            values[0, 0, 1] = 127 / 128
        yield [values]


def check_input(blob: bytes) -> None:
    """Refuse a model whose input is not pixel - 128 in steps of 1/128.

    Raises:
        BundleError: dtype or quantisation differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(blob)
        interpreter = Interpreter(path)
    seen = (str(interpreter.input_dtype), interpreter.input_scale, interpreter.input_zero_point)
    if seen[0] != "int8" or abs(seen[1] * 128 - 1) > 1e-4 or seen[2] != 0:
        raise BundleError(
            f"the converted model's input is {seen}, expected int8 in steps of 1/128 around 0; "
            "train with inputs of (pixel - 128) / 128"
        )
