# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training, from a float run to an int8 file."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from untrained_runs import finished

from device.errors import InputError
from device.interpreter import Interpreter
from training.backend import keras
from training.config import TrainConfig, read_config
from training.data import as_float
from training.finished import QUANTISED, best, best_aware
from training.models.settings import settings_for
from training.prepared import Prepared
from training.qat import aware, set_ranges
from training.train import train

pytestmark = pytest.mark.training
Runs = tuple[Path, Path]


@pytest.fixture(scope="module")
def runs(prepared_faces: Prepared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A float run, and a quantisation-aware one that goes on from it."""
    folder = tmp_path_factory.mktemp("runs")
    model = settings_for("mobilenet_v2", input_size=64, blocks=6, top_channels=256)
    config = TrainConfig(prepared_faces.folder, model=model, batch=32)
    finished(folder / "float", config)
    further = dataclasses.replace(
        config,
        start=folder / "float",
        quantisation_aware=True,
        frozen_epochs=0,
        epochs=1,
        rate=1e-5,
    )
    train(further, folder / "aware")
    return folder / "float", folder / "aware"


def int8_female(path: Path, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probability of "female" by the real runtime."""
    interpreter = Interpreter(path)
    values = (crops ^ np.uint8(0x80)).view(np.int8)
    outputs = [interpreter.run(values[i : i + 1])[0][0, 0] for i in range(len(values))]
    scale, zero_point = interpreter.output_details[0]["quantization"]
    probabilities: NDArray[np.float64] = (np.array(outputs, np.float64) - zero_point) * scale
    return probabilities


def test_the_file_is_int8_throughout_and_takes_pixels_less_128(runs: Runs) -> None:
    interpreter = Interpreter(runs[1] / QUANTISED)
    assert str(interpreter.input_dtype) == "int8"
    assert interpreter.input_scale == pytest.approx(1 / 128)
    assert interpreter.input_zero_point == 0
    # with float32 weights it would be larger than four bytes for each
    assert (runs[1] / QUANTISED).stat().st_size < 2.5 * best(runs[1]).count_params()


def test_the_file_does_what_was_rehearsed(prepared_faces: Prepared, runs: Runs) -> None:
    crops = prepared_faces.crops()[prepared_faces.indices("train")]
    rehearsed = best_aware(runs[1]).predict(as_float(crops), verbose=0)[:, 0]
    assert np.abs(int8_female(runs[1] / QUANTISED, crops) - rehearsed).mean() < 0.02
    assert np.ptp(rehearsed) > 0.1  # and the crops are told apart at all


def test_the_float_side_has_the_same_weights(prepared_faces: Prepared, runs: Runs) -> None:
    plain, wrapped = best(runs[1]), best_aware(runs[1])
    learnt = {v.name: v.numpy() for v in wrapped.variables}
    assert all(np.array_equal(v.numpy(), learnt[v.name]) for v in plain.variables)
    before = {v.name: v.numpy() for v in best(runs[0]).trainable_variables}
    assert any(not np.array_equal(before[n], learnt[n]) for n in before)  # it did learn
    crops = prepared_faces.crops()[prepared_faces.indices("train")]
    apart = plain.predict(as_float(crops), verbose=0) - wrapped.predict(as_float(crops), verbose=0)
    assert 0 < np.abs(apart).max() < 0.2


def test_ranges_start_where_the_activations_lie(prepared_faces: Prepared, runs: Runs) -> None:
    """And those of weights at the largest weight: all would start at +-6 otherwise."""
    model, crops = best(runs[0]), prepared_faces.crops()[prepared_faces.indices("train")]
    wrapped = aware(model)
    set_ranges(wrapped, model, crops)
    ranges = {v.name.removesuffix(":0"): v.numpy() for v in wrapped.variables}
    for name in ("stem_relu", "block1_project_bn", "block2_add"):
        layer = keras.Model(model.inputs, model.get_layer(name).output)
        outputs = layer.predict(as_float(crops), verbose=0)
        low, high = np.percentile(outputs, (0.1, 99.9))
        assert outputs.min() <= ranges[f"quant_{name}/output_min"] <= low, name
        assert high <= ranges[f"quant_{name}/output_max"] <= outputs.max(), name
    kernel = model.get_layer("block1_expand_conv").get_weights()[0]
    most = ranges["quant_block1_expand_conv/kernel_max"]
    assert np.allclose(most, np.abs(kernel).max(axis=(0, 1, 2)))


def test_it_wants_a_float_run_to_go_on_from(prepared_faces: Prepared) -> None:
    with pytest.raises(InputError, match="goes on from a finished float run"):
        TrainConfig(prepared_faces.folder, quantisation_aware=True, frozen_epochs=0)


def test_it_goes_on_after_a_kill(runs: Runs) -> None:
    """The same command again finds everything done and writes the same file."""
    file = runs[1] / QUANTISED
    before = file.read_bytes()
    file.unlink()
    keras.backend.clear_session()
    train(read_config(runs[1]), runs[1])
    assert file.read_bytes() == before
