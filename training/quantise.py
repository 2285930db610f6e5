# SPDX-License-Identifier: Apache-2.0
"""Float model to full-integer .tflite: int8 in, int8 out, every operation in int8.

Post-training quantisation, as TensorFlow Lite specifies it: per-channel weights, per-tensor
activations (Jacob et al., arXiv 1712.05877), ranges taken from representative crops. Models that
rehearsed it (training/qat.py) bring their ranges.
"""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.errors import BundleError
from device.interpreter import Interpreter
from training.backend import tf
from training.data import as_float

log = logging.getLogger(__name__)

# How many crops set the activations' ranges. Few leave out rare peaks, which coarsen every step;
# too few cut off what matters. Which number does best differs from model to model.
REPRESENTATIVE: Final = (16, 24, 32, 64, 128, 512)


def to_int8(model: Any, crops: NDArray[np.uint8], *, judges: NDArray[np.uint8]) -> bytes:
    """Quantise a Keras model after training, in the way that changes the fewest labels.

    Args:
        model: float32[n, s, s, 3] -> float32[n, 2].
        crops: uint8[n, s, s, 3], representative of what the device will see, in any order.
        judges: uint8[m, s, s, 3], other crops, on which int8 and float labels are compared.

    Returns:
        The bytes of a .tflite file whose input is pixel - 128 as int8.

    Raises:
        BundleError: the converted model is not what the device expects.
    """
    labels = model.predict(as_float(judges), batch_size=128, verbose=0).argmax(axis=1)
    best, most = b"", -1.0
    for count in REPRESENTATIVE:
        blob = _convert(model, crops[:count])
        same = float((_labels(blob, judges) == labels).mean())
        log.info("%d representative crops: the same label in %.2f %%", count, 100 * same)
        if same > most:
            best, most = blob, same
    return best


def aware_to_int8(wrapped: Any) -> bytes:
    """Convert a model that learnt with fake quantisation (training/qat.py): it has its ranges.

    Args:
        wrapped: float32[n, s, s, c] -> float32[n, 2], with fake quantisation.

    Returns:
        The bytes of a .tflite file whose input is pixel - 128 as int8.
    """
    return _run(_converter(wrapped))


def _converter(model: Any) -> Any:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter


def _convert(model: Any, crops: NDArray[np.uint8]) -> bytes:
    converter = _converter(model)
    converter.representative_dataset = lambda: _representative(crops)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return _run(converter)


def _run(converter: Any) -> bytes:
    with warnings.catch_warnings():
        # They are given, by the representative crops or by the model's own ranges.
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs")
        return bytes(converter.convert())


def _representative(crops: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    """Single crops as the float model takes them.

    The first one is given a black and a white pixel: the input's range is then all of uint8, and
    its quantisation exactly pixel - 128.
    """
    for i, crop in enumerate(crops):
        values = as_float(crop[None])
        if i == 0:
            values[0, 0, 0] = -1.0
            values[0, 0, 1] = 127 / 128
        yield [values]


def _labels(blob: bytes, crops: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Index of the larger output for each crop, by LiteRT.

    Raises:
        BundleError: the input is not pixel - 128 in steps of 1/128.
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
        values = (crops ^ np.uint8(0x80)).view(np.int8)
        outputs = [interpreter.run(values[i : i + 1])[0][0] for i in range(len(values))]
    labels: NDArray[np.int64] = np.stack(outputs).argmax(axis=1)
    return labels
