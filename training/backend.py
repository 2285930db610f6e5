# SPDX-License-Identifier: Apache-2.0
"""The one door to TensorFlow: which Keras, the .tflite format, and how much it may say."""

import logging
import os

# The legacy Keras: quantisation-aware training (tensorflow-model-optimization) knows no other, and
# one Keras must read what another step wrote.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
import tf_keras as keras
from tensorflow.lite.python import schema_py_generated as schema

for name in ("absl", "tensorflow"):
    logging.getLogger(name).setLevel(logging.ERROR)

for gpu in tf.config.list_physical_devices("GPU"):
    # Else TensorFlow takes all of a GPU's memory, also from whoever else works on it.
    tf.config.experimental.set_memory_growth(gpu, True)

__all__ = ["keras", "schema", "tf"]
