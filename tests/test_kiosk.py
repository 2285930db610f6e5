# SPDX-License-Identifier: Apache-2.0
"""The kiosk on a screen in memory: golden pictures at several sizes, and what is shown when.

Fonts and resizing differ a little between versions of Pillow (10.1 to 13 were tried), so golden
pictures are compared in blocks of 8 x 8 pixels, which on average may differ by 0.5 of 255 grey
levels. What is missing or wrong moves that by more, as a test shows. Those with a camera's picture
are JPEGs, whose blocks keep their mean. `python tests/test_kiosk.py` draws them anew.
"""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from kiosks import (
    SIGHTINGS,
    STAMP,
    Screen,
    difference,
    doorway_frame,
    frame,
    grey_frame,
    rgb,
    screen,
    seen,
    visit,
)
from PIL import Image

from device.displays import waiting
from device.overlay.layout import lay_out
from device.overlay.theme import PLAIN
from device.records import Frame, Observation

GOLDEN = Path(__file__).parent / "data" / "kiosk"
MEAN_LEVELS = 0.5
SIZES = ((320, 240), (240, 320), (480, 320), (800, 480), (1920, 1080), (1080, 1920))
REASON = waiting.camera_lost("imx708 gives no frame for 3 s; check its ribbon cable")
NIGHT = (time(22), time(7))


def live(size: tuple[int, int], observation: Observation, *, private: bool = False) -> Image.Image:
    with screen(size, private=private) as shown:
        shown.kiosk.show(frame(doorway_frame()), observation)
        return shown.picture


def waits(size: tuple[int, int], reason: str) -> Image.Image:
    with screen(size) as shown:
        shown.kiosk.wait(reason)
        return shown.picture


def drawings() -> dict[str, Callable[[], Image.Image]]:
    """Every golden picture by name."""
    made: dict[str, Callable[[], Image.Image]] = {}
    for size in SIZES:
        name = f"{size[0]}x{size[1]}"
        made[f"live-{name}"] = partial(live, size, seen(*SIGHTINGS))
    small = (480, 320)
    made["private"] = lambda: live(small, seen(*SIGHTINGS), private=True)
    made["paused"] = lambda: live(small, seen(looked=False))
    made["starting"] = lambda: waits(small, waiting.STARTING)
    made["waiting-240x320"] = lambda: waits((240, 320), REASON)
    made["waiting-800x480"] = lambda: waits((800, 480), REASON)
    return made


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.{'jpg' if name.startswith('live') else 'png'}"


@pytest.mark.parametrize("name", drawings())
def test_golden_pictures(name: str) -> None:
    assert difference(drawings()[name](), Image.open(golden(name))) < MEAN_LEVELS


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "wrong",
    [
        seen(*SIGHTINGS[:2]),
        seen(*SIGHTINGS[1:]),
        seen(),
        seen(*(replace(one, steady="unsure") for one in SIGHTINGS)),
        seen(*SIGHTINGS, looked=False),
    ],
)
def test_the_golden_comparison_can_fail(size: tuple[int, int], wrong: Observation) -> None:
    right = Image.open(golden(f"live-{size[0]}x{size[1]}"))
    assert difference(live(size, wrong), right) > MEAN_LEVELS


def test_the_golden_comparison_misses_neither_notice_nor_counts() -> None:
    right = Image.open(golden("live-800x480"))
    layout = lay_out(right.size, (640, 480))
    for area in (layout.notice, layout.counts):
        bare = live(right.size, seen(*SIGHTINGS))
        bare.paste(PLAIN.ground, (*area.at, area.x + area.width, area.y + area.height))
        assert difference(bare, right) > MEAN_LEVELS


def test_says_at_once_that_it_starts() -> None:
    shown = Screen()
    with shown.kiosk:
        assert difference(shown.picture, waits((800, 480), waiting.STARTING)) == 0
        assert (shown.pixels > 200).any()


def test_the_counts_are_of_today_and_grow_with_each_visit() -> None:
    with screen() as shown:
        area = lay_out((800, 480), (640, 480)).counts
        part = (*area.at, area.x + area.width, area.y + area.height)
        shown.kiosk.show(grey_frame(), seen())
        before = shown.picture.crop(part)
        shown.kiosk.show(grey_frame(200), seen(*SIGHTINGS))
        assert shown.picture.crop(part).tobytes() == before.tobytes()
        shown.kiosk.show(grey_frame(), seen(ended=[visit("unsure")]))
        assert shown.picture.crop(part).tobytes() != before.tobytes()


def test_the_notice_stands_above_every_live_picture() -> None:
    for private in (False, True):
        for observation in (seen(), seen(*SIGHTINGS), seen(looked=False)):
            with screen(private=private) as shown:
                shown.kiosk.show(grey_frame(), observation)
                bar = lay_out((800, 480), (640, 480)).notice
                top = shown.pixels[: bar.height]
                assert (top == rgb(PLAIN.lamp)).all(axis=2).sum() > 100
                assert (top > 230).all(axis=2).sum() > 500


def test_in_private_no_pixel_of_the_frame_is_shown() -> None:
    rng = np.random.default_rng(0)
    with screen(private=True) as shown:
        shown.kiosk.show(grey_frame(), seen(*SIGHTINGS))
        one = shown.pixels
        noise = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
        shown.kiosk.show(frame(noise), seen(*SIGHTINGS))
        assert (shown.pixels == one).all()
        shown.kiosk.show(grey_frame(), seen())
        assert (shown.pixels != one).any()


def test_while_nobody_looks_the_picture_is_not_shown() -> None:
    with screen() as shown:
        shown.kiosk.show(grey_frame(1), seen(looked=False))
        dark = shown.pixels
        shown.kiosk.show(grey_frame(255), seen(looked=False))
        assert (shown.pixels == dark).all()


def test_a_picture_follows_every_wait_and_a_wait_every_picture() -> None:
    with screen() as shown:
        shown.kiosk.show(grey_frame(), seen(*SIGHTINGS))
        alive = shown.pixels
        shown.kiosk.wait(REASON)
        said = shown.pixels
        assert (said == np.asarray(waits((800, 480), REASON))).all()
        shown.kiosk.wait("something else")
        assert (shown.pixels != said).any()
        shown.kiosk.show(grey_frame(), seen(*SIGHTINGS))
        assert (shown.pixels == alive).all()


def test_other_frames_lay_the_screen_out_anew() -> None:
    wide = np.full((360, 640, 3), 200, np.uint8)
    with screen() as shown:
        shown.kiosk.show(grey_frame(), seen())
        shown.kiosk.show(frame(wide), replace(seen(), height=360))
        again = shown.pixels
    with screen() as fresh:
        fresh.kiosk.show(frame(wide), replace(seen(), height=360))
        assert (fresh.pixels == again).all()


def test_dark_hours_are_black_and_go_on_counting() -> None:
    with screen(dark=NIGHT) as shown:
        shown.kiosk.show(grey_frame(), seen(*SIGHTINGS))
        assert shown.pixels.any()
        shown.clock.advance(8 * 3600)  # 22:00
        shown.kiosk.show(grey_frame(), seen(*SIGHTINGS, ended=[visit("female")]))
        assert not shown.pixels.any()
        shown.kiosk.wait(REASON)
        assert not shown.pixels.any()
        shown.clock.advance(9 * 3600 - 1)  # a second before 07:00
        shown.kiosk.show(grey_frame(), seen(ended=[visit("female")]))
        assert not shown.pixels.any()
        shown.clock.advance(1)
        shown.kiosk.show(grey_frame(), seen(*SIGHTINGS))
        morning = shown.picture
    with screen() as other:
        other.clock.advance(17 * 3600)
        other.kiosk.show(grey_frame(), seen(*SIGHTINGS, ended=[visit("female")]))
        assert difference(other.picture, morning) == 0  # of the two, one ended after midnight


def test_without_a_clock_no_hour_is_dark() -> None:
    with screen(dark=(time(0, 1), time(23, 59)), synchronised=False) as shown:
        shown.kiosk.show(grey_frame(), seen())
        assert shown.pixels.any()


def test_a_frame_may_be_an_image_and_stays_as_it_was() -> None:
    for size in ((640, 480), (1317, 988)):
        image = Image.fromarray(doorway_frame()).resize(size)
        before = image.tobytes()
        for screen_size in ((1920, 1080), (800, 480), (856, 514)):
            with screen(screen_size) as shown:
                shown.kiosk.show(Frame(1, STAMP, image), seen(*SIGHTINGS))
                drawn = shown.picture
                shown.kiosk.show(frame(np.asarray(image)), seen(*SIGHTINGS))
                assert difference(shown.picture, drawn) == 0
        assert image.tobytes() == before


def test_no_frame_outlives_its_turn() -> None:
    with screen() as shown:
        now = grey_frame()
        pixels = weakref.ref(now.pixels)
        shown.kiosk.show(now, seen(*SIGHTINGS))
        del now
        gc.collect()
        assert pixels() is None


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        picture = drawing()
        if name.startswith("live"):
            quality = 80 if picture.width * picture.height > 10**6 else 85
            picture.save(golden(name), quality=quality, subsampling=0, optimize=True)
        else:
            picture.save(golden(name), optimize=True)
