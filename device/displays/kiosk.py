# SPDX-License-Identifier: Apache-2.0
"""What a kiosk shows, on whatever surface: live picture, answers, counts, notice, what is awaited.

Only what has changed is drawn: each frame costs one scaled picture, the rest of the screen stays.
Nothing of a frame is kept but what the surface itself shows.
"""

from types import TracebackType
from typing import Self

from PIL import Image

from device.displays import waiting
from device.displays.schedule import DarkHours, LocalTime
from device.displays.surface import Surface
from device.displays.today import Today
from device.overlay.faces import Style, draw_faces
from device.overlay.layout import Layout, lay_out
from device.overlay.panels import counts_panel, notice_bar, waiting_screen, words_panel
from device.overlay.tally import Counts
from device.overlay.theme import PLAIN, Theme
from device.protocols import Clock
from device.records import Frame, Observation

_STRIP_ROWS = 64


class Kiosk:
    """A display for people who pass by.

    Args:
        surface: where the pixels go; entered and left with the kiosk.
        clock: tells the time.
        today: counts the visits.
        local: turns the clock's time into that of the place.
        dark: when the screen is black; counting goes on.
        private: draw boxes and answers on a plain ground, without the picture.
        theme: colours.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        clock: Clock,
        today: Today,
        local: LocalTime,
        dark: DarkHours,
        private: bool,
        theme: Theme = PLAIN,
    ) -> None:
        self._surface = surface
        self._clock = clock
        self._today = today
        self._local = local
        self._dark = dark
        self._private = private
        self._theme = theme
        # What stands on the screen apart from the picture: nothing is drawn twice.
        self._scene: object = None
        self._counts: Counts | None = None

    def __enter__(self) -> Self:
        """Take the screen and say at once that something is coming."""
        self._surface.__enter__()
        self.wait(waiting.STARTING)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the screen back, black."""
        self._surface.__exit__(kind, error, trace)

    def wait(self, reason: str) -> None:
        """Say what is waited for, over the whole screen."""
        if self._darkened():
            return
        if self._scene != reason:
            screen = waiting_screen(self._surface.size, reason, theme=self._theme)
            self._begin(reason)
            self._surface.put(screen, (0, 0))
        self._surface.present()  # again too: a window hears there that somebody closes it

    def show(self, frame: Frame, observation: Observation) -> None:
        """Show the frame with all that was seen in it, or that nobody looks."""
        self._today.note(self._clock.stamp(), observation.ended)
        if self._darkened():
            return
        layout = lay_out(self._surface.size, (observation.width, observation.height))
        self._frame_with(layout)
        watched = bool(observation.timings)
        picture = self._picture(layout, frame, observation) if watched else self._paused(layout)
        self._surface.put(picture, layout.picture.at)
        self._surface.present()

    def _darkened(self) -> bool:
        """Whether these are dark hours; the screen is black then."""
        dark = self._dark.cover(self._local.at(self._clock.stamp()))
        if dark and self._scene is not self._dark:
            self._begin(self._dark)
            self._fill("#000000")
        if dark:
            self._surface.present()
        return dark

    def _begin(self, scene: object) -> None:
        """Start a screen anew."""
        self._scene = scene
        self._counts = None

    def _fill(self, colour: str) -> None:
        """Paint the whole screen, in strips: a picture of all of it would take memory for ever."""
        width, height = self._surface.size
        for top in range(0, height, _STRIP_ROWS):
            rows = min(_STRIP_ROWS, height - top)
            self._surface.put(Image.new("RGB", (width, rows), colour), (0, top))

    def _frame_with(self, layout: Layout) -> None:
        """Draw what stands around the picture, where it is not there yet."""
        if self._scene != layout:
            self._begin(layout)
            self._fill(self._theme.ground)
            bar = notice_bar(layout.notice.size, theme=self._theme)
            self._surface.put(bar, layout.notice.at)
        counts = self._today.counts
        if self._counts != counts:
            area = layout.counts
            panel = counts_panel(area.size, counts, text=layout.text, theme=self._theme)
            self._surface.put(panel, area.at)
            self._counts = counts

    def _picture(self, layout: Layout, frame: Frame, observation: Observation) -> Image.Image:
        size = layout.picture.size
        if self._private:
            picture = Image.new("RGB", size, self._theme.plain)
        else:
            whole = frame.picture
            image = whole if isinstance(whole, Image.Image) else Image.fromarray(whole)
            picture = image.resize(size, Image.Resampling.BILINEAR)  # a copy at any size
        text = layout.text
        style = Style(text, max(2, text // 6), text // 4, 0, size[1], numbered=False)
        draw_faces(picture, observation, theme=self._theme, style=style)
        return picture

    def _paused(self, layout: Layout) -> Image.Image:
        words, size = waiting.PAUSED, layout.picture.size
        return words_panel(size, words, text=layout.text, theme=self._theme)
