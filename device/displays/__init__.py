# SPDX-License-Identifier: Apache-2.0
"""Displays: one file per screen, imported only when chosen.

`none` shows nothing. The others are surfaces, on which one kiosk draws.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from device.displays.options import Kind, ScreenOptions
from device.protocols import Clock, Display

if TYPE_CHECKING:
    from device.displays.surface import Surface
    from device.store.ledger_reader import Count

DISPLAYS: tuple[Kind, ...] = ("none", "framebuffer", "window", "memory")
_MEMORY_SIZE = (800, 480)


def make_display(
    options: ScreenOptions, *, clock: Clock, before: Sequence["Count"] = ()
) -> Display:
    """The display that is chosen, not opened yet.

    Args:
        options: the choice.
        clock: tells the time.
        before: the counts of earlier runs, of which today's are shown.
    """
    if options.kind == "none":
        from device.displays.none import NoneDisplay  # noqa: PLC0415

        return NoneDisplay()
    from device.displays.kiosk import Kiosk  # noqa: PLC0415  loads Pillow's drawing
    from device.displays.schedule import DarkHours, LocalTime  # noqa: PLC0415
    from device.displays.surface import Turned  # noqa: PLC0415
    from device.displays.today import Today  # noqa: PLC0415

    local = LocalTime()
    return Kiosk(
        Turned(_surface(options), degrees=options.rotation),
        clock=clock,
        today=Today(before, local=local),
        local=local,
        dark=DarkHours(options.dark_from, options.dark_until),
        private=options.private,
    )


def _surface(options: ScreenOptions) -> "Surface":
    if options.kind == "framebuffer":
        from device.displays.framebuffer import FramebufferSurface  # noqa: PLC0415
        from device.displays.pixels import file_geometry  # noqa: PLC0415

        given = None if options.size is None else file_geometry(options.size, options.bits)
        return FramebufferSurface(options.device, console=options.console, geometry=given)
    if options.kind == "window":
        from device.displays.window import WindowSurface  # noqa: PLC0415

        return WindowSurface(options.size)
    from device.displays.memory import MemorySurface  # noqa: PLC0415

    return MemorySurface(options.size or _MEMORY_SIZE)
