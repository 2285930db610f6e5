# SPDX-License-Identifier: Apache-2.0
"""The form that orders a run: few questions, good defaults, the rest folded away."""

from collections.abc import Sequence
from dataclasses import Field, dataclass, fields
from typing import Any, Final, cast

import streamlit as st

from training.config import TrainConfig
from training.models.limits import OneOf
from training.models.settings import SETTINGS, own_settings, settings_kind

# In the order in which a person may want them. Teachers are too large to ship, and left out.
WORDS: Final = {
    "cnn": "Small and quick; reads grey pictures.",
    "mobilenet_v2": "What Passerby ships; at its best with ImageNet weights (see More settings).",
    "resnet18": "A residual network; larger and slower.",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: the crops, and the words of `training train` after its folders."""

    architecture: str
    size: int
    colour: str
    words: tuple[str, ...]


def ask() -> Order:
    """Show the questions; the answers as they stand."""
    architecture = st.selectbox("Architecture", [*WORDS], key="architecture")
    st.caption(WORDS[architecture])
    epochs = st.number_input(
        "Epochs",
        min_value=1,
        max_value=1000,
        value=_default("epochs"),
        help="How often the model sees every picture. The best epoch on held-out pictures is kept.",
    )
    with st.expander("More settings"):
        size, colour = _crop(architecture)
        learning = _learning(architecture)
        own = _own(architecture)
    words = ["--architecture", architecture, "--epochs", str(epochs), *learning, *own]
    return Order(architecture, size, colour, tuple(words))


def _crop(architecture: str) -> tuple[int, str]:
    """Size and colour of the crops."""
    by_name = {each.name: each for each in fields(settings_kind(architecture))}
    size, colour = by_name["input_size"], by_name["colour"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = _number(size, "Side of the crop in px", f"{architecture}-size")
        colours = list(colour.metadata["limit"].values)
        chosen = st.selectbox(
            "Colour of the crop",
            colours,
            index=colours.index(colour.default),
            key=f"{architecture}-colour",
            width=160,
        )
    return int(side), str(chosen)


def _learning(architecture: str) -> Sequence[str]:
    """Batch, rate and seed; weights to begin with, where there are any."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        batch = st.number_input("Pictures in a batch", 1, 1024, _default("batch"), width=160)
        rate = st.number_input(
            "Peak learning rate", 1e-6, 1.0, _default("rate"), step=1e-4, format="%.5f", width=160
        )
        seed = st.number_input("Seed", 0, 10**6, _default("seed"), width=160)
    words = ["--batch", str(batch), "--rate", f"{rate:g}", "--seed", str(seed)]
    if settings_kind(architecture).has_imagenet_weights:
        weights = st.text_input(
            "ImageNet weights",
            placeholder=".weights.h5 file, or: imagenet",
            help="The word imagenet lets Keras download its own. Empty: begin with random weights.",
        )
        if weights.strip():
            return [*words, "--pretrained", weights.strip()]
        words += ["--frozen-epochs", "0"]  # on random features there is little for a head to learn
    return words


def _own(architecture: str) -> Sequence[str]:
    """The architecture's own settings; those left at their default are not said."""
    words: list[str] = []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, each in own_settings(SETTINGS[architecture]).items():
            title = str(each.metadata["help"]).split(";")[0]
            value = _asked(each, title[:1].upper() + title[1:], f"{architecture}-{name}")
            if value != each.default:
                words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def _asked(each: "Field[Any]", title: str, key: str) -> Any:
    limit, default = each.metadata["limit"], cast(float | str, each.default)
    if isinstance(limit, OneOf):
        values: list[float | str] = list(limit.values)
        return st.selectbox(title, values, index=values.index(default), key=key, width=240)
    return _number(each, title, key)


def _number(each: "Field[Any]", title: str, key: str) -> Any:
    """A number within the field's limit, whole where its default is."""
    limit, default = each.metadata["limit"], cast(float, each.default)
    if isinstance(default, int):
        low, high = int(limit.low), int(limit.high)
        return st.number_input(title, low, high, default, step=1, key=key, width=240)
    return st.number_input(title, limit.low, limit.high, default, step=0.05, key=key, width=240)


def _default(name: str) -> Any:
    """The default of a field of TrainConfig."""
    return next(each.default for each in fields(TrainConfig) if each.name == name)
