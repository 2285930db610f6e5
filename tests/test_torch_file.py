# SPDX-License-Identifier: Apache-2.0
"""PyTorch's weight files: read as data, laid out as the layers want them, never run."""

import collections
import io
import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.errors import DatasetError
from training.backend import keras
from training.models.inverted import Net
from training.torch_file import MAGIC, PROTOCOL, fill_from_torch

pytestmark = pytest.mark.training

Arrays = dict[str, NDArray[Any]]


class Storage:
    """As torch.save knows one: a kind, a key, a length."""

    def __init__(self, kind: type, key: str, array: NDArray[Any]) -> None:
        self.kind, self.key, self.array = kind, key, array


class Tensor:
    """Pickles as torch's tensors do."""

    def __init__(self, storage: Storage, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.parts: tuple[Any, ...] = (storage, 0, shape, strides, False, collections.OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


class Writer(pickle.Pickler):
    """Leaves storages to the end of the file."""

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, Storage):
            return ("storage", obj.kind, obj.key, "cpu", obj.array.size, None)
        return None


@pytest.fixture
def torch_names(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The names of torch to which a pickle refers."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def rebuild(*_: Any) -> None:
        raise AssertionError("is only named")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    setattr(utils, "_rebuild_tensor_v2", rebuild)  # noqa: B010  # mypy knows no such attribute
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


def saved(torch: types.ModuleType, state: Arrays, path: Path) -> Path:
    """A file as torch.save before 1.6 wrote it; arrays keep their order in memory."""
    tensors, storages = collections.OrderedDict(), {}
    for number, (name, array) in enumerate(state.items()):
        kind = torch.FloatStorage if array.dtype == np.float32 else torch.LongStorage
        flat = array.ravel(order="K")
        storage = storages[str(number)] = Storage(kind, str(number), flat)
        strides = tuple(step // array.itemsize for step in array.strides)
        tensors[name] = Tensor(storage, array.shape, strides)
    file = io.BytesIO()
    for part in (MAGIC, PROTOCOL, {"little_endian": True}):
        pickle.dump(part, file, protocol=2)
    Writer(file, protocol=2).dump(tensors)
    pickle.dump(sorted(storages), file, protocol=2)
    for key in sorted(storages):
        flat = storages[key].array
        file.write(flat.size.to_bytes(8, "little") + flat.tobytes())
    path.write_bytes(file.getvalue())
    return path


def backbone() -> Any:
    """A stem and one inverted residual."""
    inputs = keras.layers.Input((16, 16, 3))
    net = Net("keras")
    x = net.conv(inputs, 8, kernel=3, stride=2, name="stem")
    return keras.Model(inputs, net.block(x, 6, 8, 1, name="block0", kernel=5))


def weights_of(model: Any) -> Arrays:
    """Random weights for each layer, in PyTorch's names and axes, and the classes' at the end."""
    rng = np.random.default_rng(7)
    state: Arrays = {}
    for layer in (layer for layer in model.layers if layer.weights):
        first = rng.uniform(0.5, 1.5, layer.get_weights()[0].shape).astype(np.float32)
        if first.ndim == 4:
            axes = (2, 3, 0, 1) if "depthwise" in layer.name else (3, 2, 0, 1)
            state[f"{layer.name}.weight"] = first.transpose(axes)
            continue
        for name in ("weight", "bias", "running_mean", "running_var"):
            state[f"{layer.name}.{name}"] = rng.uniform(0.5, 1.5, first.shape).astype(np.float32)
        state[f"{layer.name}.num_batches_tracked"] = np.array(3)
    state["_fc.weight"], state["_fc.bias"] = np.ones((4, 8), np.float32), np.ones(4, np.float32)
    return state


def test_weights_land_where_they_belong(torch_names: types.ModuleType, tmp_path: Path) -> None:
    """Arrays that TensorFlow's axes have left in another order in memory, too."""
    model = backbone()
    state = weights_of(model)
    assert not state["stem_conv.weight"].flags.c_contiguous
    fill_from_torch(model, saved(torch_names, state, tmp_path / "weights.pth"))
    stem = model.get_layer("stem_conv").get_weights()[0]
    assert np.array_equal(stem, state["stem_conv.weight"].transpose(2, 3, 1, 0))
    filters = model.get_layer("block0_depthwise_conv").get_weights()[0]
    assert np.array_equal(filters, state["block0_depthwise_conv.weight"].transpose(2, 3, 0, 1))
    scale, shift, mean, variance = model.get_layer("block0_project_bn").get_weights()
    for array, name in (
        (scale, "weight"),
        (shift, "bias"),
        (mean, "running_mean"),
        (variance, "running_var"),
    ):
        assert np.array_equal(array, state[f"block0_project_bn.{name}"])


class Harmful:
    """Would make a folder when unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.folder,)


def test_a_file_is_never_run(torch_names: types.ModuleType, tmp_path: Path) -> None:
    path, folder = tmp_path / "weights.pth", tmp_path / "made"
    with path.open("wb") as file:
        parts: tuple[Any, ...] = (MAGIC, PROTOCOL, {}, Harmful(folder))
        for part in parts:
            pickle.dump(part, file, protocol=2)
    with pytest.raises(DatasetError, match="has no place in a file of weights"):
        fill_from_torch(backbone(), path)
    assert not folder.exists()


@pytest.mark.parametrize("kept", [0, 10, 400, -10])
def test_half_a_file_is_refused(kept: int, torch_names: types.ModuleType, tmp_path: Path) -> None:
    model = backbone()
    path = saved(torch_names, weights_of(model), tmp_path / "weights.pth")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DatasetError, match=r"weights\.pth: not the weights of this network"):
        fill_from_torch(model, path)


def test_another_network_s_file_is_refused(torch_names: types.ModuleType, tmp_path: Path) -> None:
    model = backbone()
    state = weights_of(model)
    more = {**state, "more.weight": np.ones(2, np.float32)}
    fewer = {name: array for name, array in state.items() if not name.startswith("block0_project")}
    for each in (more, fewer):
        with pytest.raises(DatasetError, match="not the weights of this network"):
            fill_from_torch(model, saved(torch_names, each, tmp_path / "weights.pth"))


def test_an_array_beyond_its_storage_is_refused(
    torch_names: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = backbone()
    monkeypatch.setattr(
        Tensor,
        "__reduce__",
        lambda self: (
            sys.modules["torch._utils"]._rebuild_tensor_v2,
            (self.parts[0], 1, *self.parts[2:]),
        ),
    )
    with pytest.raises(DatasetError, match="reaches beyond its storage"):
        fill_from_torch(model, saved(torch_names, weights_of(model), tmp_path / "weights.pth"))


def test_an_array_of_an_absurd_length_is_refused(
    torch_names: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any memory is asked for."""
    model = backbone()
    monkeypatch.setattr(
        Writer,
        "persistent_id",
        lambda _, obj: (
            ("storage", obj.kind, obj.key, "cpu", 1 << 40, None)
            if isinstance(obj, Storage)
            else None
        ),
    )
    with pytest.raises(DatasetError, match=f"an array of {1 << 40} numbers"):
        fill_from_torch(model, saved(torch_names, weights_of(model), tmp_path / "weights.pth"))
