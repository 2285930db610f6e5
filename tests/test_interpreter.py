# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from device.errors import BundleError
from device.interpreter import Interpreter, RuntimeChoice, installed_runtimes, runtime_version


def test_litert_is_preferred() -> None:
    found = installed_runtimes()
    assert found
    assert found == tuple(sorted(found, key=["litert", "tflite"].index))
    assert all(runtime_version(name)[0].isdigit() for name in found)


@pytest.mark.parametrize("runtime", ["auto", "litert", "tflite"])
def test_both_runtimes_run_the_shipped_model(
    runtime: RuntimeChoice, models_directory: Path
) -> None:
    if runtime not in ("auto", *installed_runtimes()):
        pytest.skip(f"{runtime} is not installed")
    interpreter = Interpreter(models_directory / "default" / "model.tflite", runtime=runtime)
    assert interpreter.runtime == (installed_runtimes()[0] if runtime == "auto" else runtime)
    assert interpreter.input_shape == (1, 128, 128, 3)
    (first,) = interpreter.run(np.zeros((1, 128, 128, 3), np.int8))
    (again,) = interpreter.run(np.zeros((1, 128, 128, 3), np.int8))
    assert first.shape == (1, 2)
    assert first.dtype == np.int8
    assert np.array_equal(first, again)


def test_outputs_are_copies(models_directory: Path) -> None:
    interpreter = Interpreter(models_directory / "blazeface-short" / "model.tflite")
    rng = np.random.default_rng(4)
    first = interpreter.run(rng.uniform(-1, 1, (1, 128, 128, 3)).astype(np.float32))
    kept = [array.copy() for array in first]
    interpreter.run(rng.uniform(-1, 1, (1, 128, 128, 3)).astype(np.float32))
    assert all(np.array_equal(a, b) for a, b in zip(first, kept, strict=True))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"not a model" * 100)
    with pytest.raises(BundleError, match="expected a TFLite model"):
        Interpreter(path)


def test_without_a_runtime_there_is_one_sentence(models_directory: Path) -> None:
    """In a process where neither runtime can be found."""
    model = models_directory / "default" / "model.tflite"
    code = f"""
import importlib.util
real = importlib.util.find_spec
hidden = ("ai_edge_litert", "tflite_runtime")
importlib.util.find_spec = lambda name, *a: None if name in hidden else real(name, *a)
from pathlib import Path
from device.errors import RuntimeMissingError
from device.interpreter import Interpreter
try:
    Interpreter(Path({str(model)!r}))
except RuntimeMissingError as error:
    print(error.exit_status, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("21 no TFLite runtime could be loaded (installed: none)")
    assert "pip install 'passerby[litert]'" in done.stdout


def test_loading_says_nothing_on_standard_error(models_directory: Path) -> None:
    model = models_directory / "default" / "model.tflite"
    code = (
        "from device.interpreter import Interpreter; from pathlib import Path; import sys; "
        f"Interpreter(Path({str(model)!r})); print('still heard', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "still heard\n"
