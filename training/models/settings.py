# SPDX-License-Identifier: Apache-2.0
"""What each architecture can be told: its own settings, with its own defaults and limits.

Defaults, limits and a sentence about each setting stand here once: building checks them, and the
command line's help is made of them. Nothing here loads TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from device.errors import InputError
from training.models.limits import Between, Limit, OneOf, about

Colour = Literal["rgb", "grey"]
IMAGENET: Final = Path("imagenet")
"""In the place of a file of weights: Keras's own, which it downloads."""

SIZE: Final = about(Between(64, 160), "side of the crop in px, as prepared")
COLOUR: Final = about(OneOf(("rgb", "grey")), "of the crop, as prepared")
DROPOUT: Final = about(Between(0.0, 0.9), "share of features dropped while learning")
TOP_CHANNELS: Final = about(Between(64, 1280), "channels of the last convolution")
PADDING: Final = about(
    OneOf(("torch", "keras")),
    "side on which stride-2 layers pad; --pretrained imagenet takes keras unless told otherwise",
)


# Inverted residuals of EfficientNet-Lite 0, 1 and 2.
LITE_BLOCKS: Final = (16, 21, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """What every architecture can be told; each has its own defaults and limits for it.

    Attributes:
        input_size: side of the square crop in pixels.
        colour: "rgb" (three channels) or "grey" (one).
        dropout: share of features dropped before the last layers, 0 to 0.9.
        pretrained: a file of ImageNet weights (Keras's .weights.h5 without top, or the .pth of an
            EfficientNet-Lite), IMAGENET for Keras's own download of a MobileNetV2, or None.

    Raises:
        InputError: a value is outside its limit.
    """

    architecture: ClassVar[str] = ""
    has_imagenet_weights: ClassVar[bool] = False

    input_size: int
    colour: Colour
    dropout: float
    pretrained: Path | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their limits."""
        for each in fields(self):
            value, limit = getattr(self, each.name), each.metadata.get("limit")
            if limit is not None and not limit.holds(value):
                raise InputError(
                    f"{self.architecture}: {each.name} is {value}, expected {_article(limit)}"
                )
        if self.pretrained is not None and not self.has_imagenet_weights:
            raise InputError(
                f"{self.architecture}: there are no ImageNet weights for it; leave pretrained out, "
                f"or choose {' or '.join(pretrained_architectures())}"
            )

    def words(self) -> str:
        """The settings as a card tells them, the weights aside."""
        own = [
            f"{each.name} {getattr(self, each.name)}"
            for each in own_settings(type(self)).values()
            if each.name != "dropout"
        ]
        return ", ".join((*own, f"input {self.input_size} px", self.colour))


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileNetV2Settings(ModelSettings):
    """Settings of training/models/mobilenet_v2.py.

    Attributes:
        width: multiplier of the channel counts (alpha in the paper).
        blocks: how many of the 17 inverted residuals there are, from the input on.
        top_channels: of the last convolution, before the width; no width below 1 narrows it.
        padding: which pixels the stride-2 layers look at: "torch" pads top and left as torchvision
            does, "keras" bottom and right; ImageNet weights are at home with the one that they
            were trained with.
    """

    architecture: ClassVar[str] = "mobilenet_v2"
    has_imagenet_weights: ClassVar[bool] = True

    input_size: int = field(default=96, metadata=SIZE)
    colour: Colour = field(default="rgb", metadata=COLOUR)
    dropout: float = field(default=0.2, metadata=DROPOUT)
    # 1.3 and 1.4 are for teachers, which never ship: ImageNet weights exist for them too.
    width: float = field(
        default=1.0, metadata=about(OneOf((0.35, 0.5, 0.75, 1.0, 1.3, 1.4)), "channel multiplier")
    )
    blocks: int = field(default=17, metadata=about(Between(4, 17), "inverted residuals"))
    top_channels: int = field(default=1280, metadata=TOP_CHANNELS)
    padding: Literal["torch", "keras"] = field(default="torch", metadata=PADDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class CnnSettings(ModelSettings):
    """Settings of training/models/cnn.py.

    Attributes:
        blocks: convolutions with max pooling, each of which halves the side.
        filters: channels of the first block; each block doubles them, up to 128.
        dense: units of the layer before the sigmoid unit.
    """

    architecture: ClassVar[str] = "cnn"

    input_size: int = field(default=128, metadata=SIZE)
    colour: Colour = field(default="grey", metadata=COLOUR)
    dropout: float = field(default=0.3, metadata=DROPOUT)
    blocks: int = field(default=5, metadata=about(Between(3, 6), "convolutions with max pooling"))
    filters: int = field(
        default=16,
        metadata=about(Between(8, 64), "channels of the first block, doubling up to 128"),
    )
    dense: int = field(default=64, metadata=about(Between(8, 512), "units before the sigmoid unit"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNet18Settings(ModelSettings):
    """Settings of training/models/resnet18.py.

    Attributes:
        width: multiplier of the channel counts. Above 0.9 the int8 file would exceed 10 MB.
    """

    architecture: ClassVar[str] = "resnet18"

    input_size: int = field(default=96, metadata=SIZE)
    colour: Colour = field(default="rgb", metadata=COLOUR)
    dropout: float = field(default=0.2, metadata=DROPOUT)
    width: float = field(default=0.5, metadata=about(Between(0.125, 0.9), "channel multiplier"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficientNetLiteSettings(ModelSettings):
    """Settings of training/models/efficientnet_lite.py.

    Attributes:
        variant: 0, 1 or 2, each wider or deeper than the former.
        blocks: how many of the inverted residuals there are, from the input on; no more than the
            variant has.
        top_channels: of the last convolution.
    """

    architecture: ClassVar[str] = "efficientnet_lite"
    has_imagenet_weights: ClassVar[bool] = True

    input_size: int = field(default=128, metadata=SIZE)
    colour: Colour = field(default="rgb", metadata=about(OneOf(("rgb",)), COLOUR["help"]))
    dropout: float = field(default=0.2, metadata=DROPOUT)
    variant: int = field(default=0, metadata=about(OneOf((0, 1, 2)), "how large, 0 to 2"))
    blocks: int = field(default=21, metadata=about(Between(4, 21), "inverted residuals, at most"))
    top_channels: int = field(default=1280, metadata=TOP_CHANNELS)

    def __post_init__(self) -> None:
        """Refuse values outside their limits, and count only the blocks that there are."""
        # Not super(): a dataclass with slots is another class than the one that it would look for.
        ModelSettings.__post_init__(self)
        object.__setattr__(self, "blocks", min(self.blocks, LITE_BLOCKS[self.variant]))


SETTINGS: Final[Mapping[str, type[ModelSettings]]] = {
    kind.architecture: kind
    for kind in (CnnSettings, MobileNetV2Settings, ResNet18Settings, EfficientNetLiteSettings)
}


def settings_kind(architecture: str) -> type[ModelSettings]:
    """The class of an architecture's settings.

    Raises:
        InputError: there is none of this name.
    """
    if architecture not in SETTINGS:
        raise InputError(f"no architecture {architecture!r}; there are: {', '.join(SETTINGS)}")
    return SETTINGS[architecture]


def settings_for(architecture: str, **given: Any) -> ModelSettings:
    """Settings of an architecture; what is not given has its default.

    Raises:
        InputError: there is no such architecture or setting, or a value is outside its limit.
    """
    kind = settings_kind(architecture)
    known = {each.name for each in fields(kind)}
    for name in given:
        if name not in known:
            names = ", ".join(own_settings(kind))
            raise InputError(f"{architecture} has no setting {name}; it has: {names}")
    if given.get("pretrained") == IMAGENET and "padding" in known:
        given.setdefault("padding", "keras")  # the weights' own
    return kind(**given)


def settings_told(architecture: str, words: str) -> ModelSettings:
    """The settings that `ModelSettings.words` told; what it left out has its default.

    Raises:
        InputError: there is no such architecture or setting, or a value is outside its limit.
    """
    *own, size, colour = words.split(", ")
    given: dict[str, Any] = {"input_size": int(size.split()[1]), "colour": colour}
    known = own_settings(settings_kind(architecture))
    for name, value in (one.split(" ", 1) for one in own):
        kind: Any = type(known[name].default) if name in known else str
        given[name] = kind(value)
    return settings_for(architecture, **given)


def own_settings(kind: type[ModelSettings]) -> dict[str, "Field[Any]"]:
    """What may be chosen when training: the crop's size and colour come from its preparation."""
    return {
        each.name: each
        for each in fields(kind)
        if "limit" in each.metadata and each.name not in ("input_size", "colour")
    }


def pretrained_architectures() -> tuple[str, ...]:
    """The architectures for which there are ImageNet weights."""
    return tuple(name for name, kind in SETTINGS.items() if kind.has_imagenet_weights)


def _article(limit: Limit) -> str:
    return f"one of {limit}" if isinstance(limit, OneOf) else str(limit)
