# SPDX-License-Identifier: Apache-2.0
"""The `[display]` section: the screen. Defaults stand in `device/displays/options.py`."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from device.displays.options import Bits, Kind, Rotation, ScreenOptions

_DEFAULT = ScreenOptions()
_SIZE = r"^([1-9][0-9]{1,3}x[1-9][0-9]{1,3})?$"
_SIZE_WORDS = 'width and height in pixels, such as "800x480", or ""'
_TIME = r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$"
_TIME_WORDS = 'a time of day such as "22:30", or ""'


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """The screen."""

    kind: Annotated[
        Kind,
        Meta(
            description="framebuffer is a Pi's screen without a desktop, window one of SDL2 "
            "(desktop or KMSDRM), none no screen; memory shows it to tests alone."
        ),
    ] = _DEFAULT.kind
    device: Annotated[
        Path, Meta(description="The framebuffer; with size set, an ordinary file does as well.")
    ] = _DEFAULT.device
    console: Annotated[
        Path | None,
        Meta(description="The terminal on that screen, kept quiet; empty leaves it alone."),
    ] = _DEFAULT.console
    size: Annotated[
        str,
        Meta(
            description="Of a window, or of an ordinary file in place of a framebuffer; empty is "
            "the whole screen.",
            pattern=_SIZE,
            title=_SIZE_WORDS,
        ),
    ] = ""
    bits: Annotated[
        Bits, Meta(description="Bits of a pixel where an ordinary file is the framebuffer.")
    ] = _DEFAULT.bits
    rotation: Annotated[
        Rotation, Meta(description="Degrees clockwise by which the picture is turned.")
    ] = _DEFAULT.rotation
    private: Annotated[
        bool,
        Meta(description="Draw boxes and answers on a plain ground, without the camera's picture."),
    ] = _DEFAULT.private
    dark_from: Annotated[
        str,
        Meta(
            description="Local time from which the screen is black; counting goes on.",
            pattern=_TIME,
            title=_TIME_WORDS,
        ),
    ] = ""
    dark_until: Annotated[
        str,
        Meta(
            description="Local time until which it is; both ask for a clock that was set.",
            pattern=_TIME,
            title=_TIME_WORDS,
        ),
    ] = ""
    classifier_share: Annotated[
        float,
        Meta(
            description="Share of the frame period that classifying may take while a screen shows "
            "the live picture.",
            ge=0.01,
            le=1,
        ),
    ] = 0.25

    def options(self) -> ScreenOptions:
        """The same values as displays take them."""
        width, _, height = self.size.partition("x")
        return ScreenOptions(
            kind=self.kind,
            device=self.device,
            console=self.console,
            size=(int(width), int(height)) if self.size else None,
            bits=self.bits,
            rotation=self.rotation,
            private=self.private,
            dark_from=_time(self.dark_from),
            dark_until=_time(self.dark_until),
        )

    def __post_init__(self) -> None:
        """Refuse half a span of dark hours."""
        if bool(self.dark_from) != bool(self.dark_until):
            raise ValueError(
                f'dark_from is "{self.dark_from}" and dark_until "{self.dark_until}", expected '
                "both or neither: set the other one"
            )


def _time(text: str) -> time:
    return time.fromisoformat(text) if text else time()
