# SPDX-License-Identifier: Apache-2.0
"""The one door to the TFLite runtimes: LiteRT (ai-edge-litert) and its forerunner tflite-runtime.

Both offer the same `Interpreter` class. LiteRT is preferred: it runs int8 through XNNPACK by
itself, where tflite-runtime took nine to thirteen times as long on the same models.
"""

import contextlib
import importlib
import importlib.util
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from device.errors import BundleError, RuntimeMissingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RuntimeChoice = Literal["auto", "litert", "tflite"]
RuntimeName = Literal["litert", "tflite"]

# In order of preference: name, module that holds Interpreter, distribution that brings it.
RUNTIMES: Final[tuple[tuple[RuntimeName, str, str], ...]] = (
    ("litert", "ai_edge_litert.interpreter", "ai-edge-litert"),
    ("tflite", "tflite_runtime.interpreter", "tflite-runtime"),
)

_STDERR_LOCK: Final = threading.Lock()


def installed_runtimes() -> tuple[RuntimeName, ...]:
    """The runtimes found here, preferred first, without loading any of them."""
    return tuple(
        name for name, module, _ in RUNTIMES if importlib.util.find_spec(module.split(".")[0])
    )


def runtime_version(name: RuntimeName) -> str:
    """The installed version of a runtime's distribution."""
    import importlib.metadata  # noqa: PLC0415  brings 30 modules, 1.2 MB that no frame needs

    distribution = next(dist for runtime, _, dist in RUNTIMES if runtime == name)
    return importlib.metadata.version(distribution)


class Interpreter:
    """One loaded model: int8 or float arrays in, arrays out. Not for use by two threads at once.

    Attributes:
        runtime: which runtime was chosen.
        input_shape: shape of the single input, batch of 1 first.
        input_dtype: numpy dtype of the input.
        input_scale, input_zero_point: its quantisation; 0.0 and 0 when it is float.
        output_details: the runtime's own description of each output, in the model's order.
    """

    def __init__(self, model: Path, *, threads: int = 1, runtime: RuntimeChoice = "auto") -> None:
        """Load `model` (a .tflite file) and allocate its tensors.

        Raises:
            RuntimeMissingError: no (or not the asked) runtime is installed or loadable.
            BundleError: the runtime refuses the file.
        """
        import numpy as np  # noqa: PLC0415  the doctor names the runtimes where numpy does not load

        self.runtime, make = _load(runtime)
        try:
            with _quiet():
                self._interpreter: Any = make(model_path=str(model), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BundleError(
                f"{model}: the {self.runtime} runtime refuses this file ({error}); "
                "expected a TFLite model, export it again"
            ) from error
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise BundleError(f"{model}: {len(inputs)} inputs, expected 1; export it again")
        detail = inputs[0]
        self._input = int(detail["index"])
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in detail["shape"])
        self.input_dtype: np.dtype[Any] = np.dtype(detail["dtype"])
        self.input_scale, self.input_zero_point = detail["quantization"]
        self.output_details: list[dict[str, Any]] = self._interpreter.get_output_details()

    def run(self, values: "NDArray[Any]") -> "tuple[NDArray[Any], ...]":
        """Invoke on `values` (shape and dtype of the input) and return copies of all outputs."""
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(o["index"]) for o in self.output_details)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the runtimes' "INFO: Created ... delegate" off standard error; no setting does."""
    with _STDERR_LOCK:
        kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nothing, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nothing)


def _load(choice: RuntimeChoice) -> tuple[RuntimeName, Any]:
    """The first runtime that `choice` allows and that loads, with its Interpreter class."""
    found = installed_runtimes()
    faults = []
    for name, module, _ in RUNTIMES:
        if choice not in ("auto", name) or name not in found:
            continue
        try:
            return name, importlib.import_module(module).Interpreter
        except (ImportError, AttributeError) as error:  # e.g. tflite-runtime beside numpy 2
            faults.append(f"{name}: {error}")
    wanted = "ai-edge-litert or tflite-runtime" if choice == "auto" else choice
    seen = "; ".join(faults) or f"installed: {', '.join(found) or 'none'}"
    raise RuntimeMissingError(
        f"no TFLite runtime could be loaded ({seen}), expected {wanted}; "
        "run: pip install 'passerby[litert]'"
    )
