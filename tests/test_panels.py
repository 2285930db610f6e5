# SPDX-License-Identifier: Apache-2.0
"""Panels beside the picture: nothing is cut off, and each number can be told from another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kiosks import rgb
from PIL import Image

from device.overlay.layout import lay_out
from device.overlay.panels import counts_panel, notice_bar, waiting_screen, words_panel
from device.overlay.tally import Counts, Tally
from device.overlay.theme import PLAIN

SCREENS = [(240, 320), (320, 240), (480, 320), (320, 480), (800, 480), (720, 720), (1080, 1920)]
FRAMES = [(640, 480), (1280, 720), (480, 640)]
COUNT = st.integers(0, 99_999)
LONG = (
    "waiting for the camera: no camera is connected, expected one at the port CAM0: switch the "
    "Pi off, push the ribbon cable in with its contacts towards the board, and start it again"
)


def is_clear_of_edges(picture: Image.Image, colour: str) -> bool:
    """Whether nothing but the ground touches the outermost pixels."""
    pixels = np.asarray(picture)
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    return all((edge == rgb(colour)).all() for edge in edges)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SCREENS), st.sampled_from(FRAMES), COUNT, COUNT, COUNT)
def test_no_count_is_cut_off(
    size: tuple[int, int], frame: tuple[int, int], female: int, male: int, unsure: int
) -> None:
    layout = lay_out(size, frame)
    counts = Counts("visits since start", Tally(female, male, unsure))
    panel = counts_panel(layout.counts.size, counts, text=layout.text, theme=PLAIN)
    assert is_clear_of_edges(panel, PLAIN.ground)
    for colour in (PLAIN.female, PLAIN.male, PLAIN.paper):
        assert (np.asarray(panel) == rgb(colour)).all(axis=2).sum() > 10


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("frame", FRAMES)
def test_every_number_shows(size: tuple[int, int], frame: tuple[int, int]) -> None:
    layout = lay_out(size, frame)

    def panel(tally: Tally, heading: str = "visits today") -> bytes:
        area, counts = layout.counts, Counts(heading, tally)
        return counts_panel(area.size, counts, text=layout.text, theme=PLAIN).tobytes()

    shown = [
        panel(Tally(1, 2, 3)),
        panel(Tally(2, 1, 3)),
        panel(Tally(1, 3, 2)),
        panel(Tally(4, 2, 3)),
        panel(Tally(1, 2, 3), "visits since start"),
    ]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("size", SCREENS)
def test_the_notice_and_its_lamp_fit(size: tuple[int, int]) -> None:
    bar = notice_bar(lay_out(size, (640, 480)).notice.size, theme=PLAIN)
    assert is_clear_of_edges(bar, PLAIN.ground)
    assert (np.asarray(bar) == rgb(PLAIN.lamp)).all(axis=2).sum() > 20
    assert (np.asarray(bar) > 230).all(axis=2).sum() > 100


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("reason", ["starting", LONG, "", "Donaudampfschifffahrtskapitaen" * 3])
def test_a_reason_fits_however_long(size: tuple[int, int], reason: str) -> None:
    assert is_clear_of_edges(waiting_screen(size, reason, theme=PLAIN), PLAIN.ground)
    panel = words_panel(lay_out(size, (640, 480)).picture.size, reason, text=13, theme=PLAIN)
    assert is_clear_of_edges(panel, PLAIN.plain)


def test_reasons_differ() -> None:
    one, other = (waiting_screen((480, 320), words, theme=PLAIN) for words in ("one", "other"))
    assert one.tobytes() != other.tobytes()
