# SPDX-License-Identifier: Apache-2.0
"""Starts a run from a finished one: the same weights, or the weightier channels of a wider model.

Which channels of inverted residuals matter is read off the scale of their batch normalisation
(Liu et al., "Learning efficient convolutional networks through network slimming", arXiv
1708.06519), weighted by what the next layer makes of them. Blocks that are added to each other keep
the same channels.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from training.config import TrainConfig, read_config
from training.finished import best

Channels = NDArray[np.int64]

OF_INVERTED_RESIDUALS: Final = ("mobilenet_v2", "efficientnet_lite")


def start_from(model: Any, config: TrainConfig, workdir: Path) -> None:
    """Fill an untrained model with what a finished run has learnt, at any input size.

    Args:
        model: of `config`.
        config: the new run's.
        workdir: a run of the same architecture, as large or (inverted residuals) wider or deeper.

    Raises:
        DatasetError: there is no such run, or it does not fit.
    """
    earlier = read_config(workdir)
    if earlier.architecture != config.architecture:
        raise DatasetError(
            f"{workdir}: a run of {earlier.architecture}, expected one of {config.architecture}; "
            "start from a run of the same architecture"
        )
    donor = best(workdir)
    if [w.shape for w in donor.weights] == [w.shape for w in model.weights]:
        model.set_weights(donor.get_weights())
    elif config.architecture in OF_INVERTED_RESIDUALS:
        narrow(donor, model, workdir)
    else:
        raise DatasetError(
            f"{workdir}: its layers differ in size from this run's; start from a run of equal width"
        )


def narrow(wide: Any, slim: Any, name: Path) -> None:
    """Fill a network of inverted residuals with the weightier channels of a wider one.

    Where it also has fewer blocks, its last convolution and layer stay as they are: nothing in the
    wide model corresponds to them.

    Raises:
        DatasetError: `wide` (from the run `name`) is narrower somewhere.
    """
    cutter = _Cutter(wide, slim, name)
    inside = cutter.weightiest("stem", _next_depthwise(wide, 0))
    colours = np.arange(_kernel(wide, "stem_conv").shape[2])
    cutter.conv("stem", colours, inside)
    there = _blocks(slim)
    for stage in _stages(wide):
        blocks = [block for block in stage if block in there]
        if not blocks:
            break
        out = cutter.weightiest_of([f"{block}_project" for block in stage])
        for block in blocks:
            inside = cutter.block(block, inside, out)
    if there != _blocks(wide):
        return
    top = cutter.weightiest("top", np.abs(_kernel(wide, "head")).sum(axis=1))
    cutter.conv("top", inside, top)
    kernel, bias = wide.get_layer("head").get_weights()
    slim.get_layer("head").set_weights([kernel[top], bias])


class _Cutter:
    """Copies chosen channels, layer by layer.

    Args:
        wide, slim: from where, to where.
        name: of the wide model's run, for messages.
    """

    def __init__(self, wide: Any, slim: Any, name: Path) -> None:
        self.wide, self.slim, self.name = wide, slim, name

    def block(self, name: str, into: Channels, out: Channels) -> Channels:
        """An inverted residual with the input channels `into`; returns `out`."""
        inside = into
        if f"{name}_expand_conv" in [layer.name for layer in self.wide.layers]:
            use = np.abs(_kernel(self.wide, f"{name}_project_conv")).sum(axis=(0, 1, 3))
            inside = self.weightiest(f"{name}_depthwise", use)
            self.conv(f"{name}_expand", into, inside)
        kernel = _kernel(self.wide, f"{name}_depthwise_conv")
        self.slim.get_layer(f"{name}_depthwise_conv").set_weights([kernel[:, :, inside]])
        self._normalisation(f"{name}_depthwise", inside)
        self.conv(f"{name}_project", inside, out)
        return out

    def conv(self, name: str, into: Channels, out: Channels) -> None:
        """A convolution and its normalisation."""
        kernel = _kernel(self.wide, f"{name}_conv")[:, :, into][..., out]
        self.slim.get_layer(f"{name}_conv").set_weights([kernel])
        self._normalisation(name, out)

    def weightiest(self, name: str, use: NDArray[np.float32]) -> Channels:
        """The channels of a normalised layer that weigh most, in their old order.

        Args:
            name: the layer.
            use: float32[channels], how much the next layer makes of each.
        """
        return self._most(name, _scale(self.wide, name) * use)

    def weightiest_of(self, names: list[str]) -> Channels:
        """The same for layers that are added up."""
        return self._most(names[0], np.sum([_scale(self.wide, name) for name in names], axis=0))

    def _most(self, name: str, weight: NDArray[np.float32]) -> Channels:
        keep = int(self.slim.get_layer(f"{name}_bn").get_weights()[0].shape[0])
        if keep > len(weight):
            raise DatasetError(
                f"{self.name}: {len(weight)} channels in {name}, expected at least {keep}; start "
                "from a run that is as wide or wider"
            )
        return np.sort(np.argsort(-weight, kind="stable")[:keep])

    def _normalisation(self, name: str, channels: Channels) -> None:
        weights = self.wide.get_layer(f"{name}_bn").get_weights()
        self.slim.get_layer(f"{name}_bn").set_weights([w[channels] for w in weights])


def _blocks(model: Any) -> list[str]:
    """Names of the inverted residuals, in order."""
    end = "_project_bn"
    return [layer.name.removesuffix(end) for layer in model.layers if layer.name.endswith(end)]


def _stages(model: Any) -> list[list[str]]:
    """Names of the inverted residuals, those that are added to each other together."""
    names = {layer.name for layer in model.layers}
    stages: list[list[str]] = []
    for block in _blocks(model):
        if f"{block}_add" in names:
            stages[-1].append(block)
        else:
            stages.append([block])
    return stages


def _kernel(model: Any, name: str) -> NDArray[np.float32]:
    kernel: NDArray[np.float32] = model.get_layer(name).get_weights()[0]
    return kernel


def _scale(model: Any, name: str) -> NDArray[np.float32]:
    """How far each channel reaches after normalisation: |gamma|."""
    gamma: NDArray[np.float32] = model.get_layer(f"{name}_bn").get_weights()[0]
    return np.abs(gamma)


def _next_depthwise(model: Any, block: int) -> NDArray[np.float32]:
    use: NDArray[np.float32] = np.abs(_kernel(model, f"block{block}_depthwise_conv")).sum((0, 1, 3))
    return use
