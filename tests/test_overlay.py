# SPDX-License-Identifier: Apache-2.0
"""The drawing over a frame, against a golden picture and by its structure.

Pillow's own font differs between versions, so the golden picture is compared in blocks of 8 x 8
pixels: on average they may differ by 0.6 grey levels of 255, while a missing box, label or line of
counts moves the average by more, as a test shows. `python tests/test_overlay.py` draws it anew.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from device.overlay import NOTICE, PLAIN, Tally, draw
from device.records import Box, Face, Observation, PerceivedGender, Sighting, Stamp, Visit

GOLDEN = Path(__file__).parent / "data" / "overlay.png"
MEAN_LEVELS = 0.6
STAMP = Stamp("boot", 1.0, 2.0, True)
TALLY = Tally(female=3, male=2, unsure=1)


def frame(width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    across = np.linspace(60, 200, width)[None, :, None]
    down = np.linspace(0, 40, height)[:, None, None]
    pixels: NDArray[np.uint8] = (across + down + np.array([0.0, 8.0, 15.0])).astype(np.uint8)
    return pixels


def sighting(
    track: int, box: tuple[float, float, float, float], label: PerceivedGender, share: float
) -> Sighting:
    return Sighting(track, Face(Box(*box), (), 0.9), None, label, share)


def observation(*sightings: Sighting) -> Observation:
    return Observation(7, STAMP, 640, 480, sightings, ())


SEEN = observation(
    sighting(12, (60, 120, 180, 180), "female", 0.934),
    sighting(13, (330, 90, 130, 130), "male", 0.87),
    sighting(14, (520, 200, 90, 90), "unsure", 0.55),
)


def blocks(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture.convert("RGB").reduce(8), np.float64)


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(blocks(one) - blocks(other)).mean())


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_the_golden_picture() -> None:
    assert difference(draw(frame(), SEEN, tally=TALLY), Image.open(GOLDEN)) < MEAN_LEVELS


@pytest.mark.parametrize(
    "wrong",
    [
        observation(*SEEN.sightings[:2]),
        observation(*SEEN.sightings[1:]),
        observation(),
        observation(*(replace(one, steady="male") for one in SEEN.sightings)),
    ],
)
def test_the_golden_comparison_can_fail(wrong: Observation) -> None:
    other = draw(frame(), wrong, tally=TALLY)
    assert difference(other, Image.open(GOLDEN)) > MEAN_LEVELS


@pytest.mark.parametrize(("index", "colour"), [(0, PLAIN.female), (1, PLAIN.male)])
def test_a_decided_face_has_a_whole_frame_of_its_colour(index: int, colour: str) -> None:
    one = SEEN.sightings[index]
    picture = np.asarray(draw(frame(), observation(one)))
    box = one.face.box
    right, bottom = round(box.x + box.width), round(box.y + box.height)
    assert (picture[bottom, round(box.x) : right] == rgb(colour)).all()
    assert (picture[round(box.y) : bottom, right] == rgb(colour)).all()


def test_an_unsure_face_is_dashed() -> None:
    one = SEEN.sightings[2]
    box = one.face.box
    row = np.asarray(draw(frame(), observation(one)))[round(box.y + box.height)]
    line = row[round(box.x) : round(box.x + box.width)]
    light = (line == rgb(PLAIN.unsure)).all(axis=1)
    dark = (line == rgb(PLAIN.ink)).all(axis=1)
    assert (light | dark).all()
    assert light.sum() > 20 and dark.sum() > 20
    assert np.count_nonzero(np.diff(light.astype(int))) >= 6


def test_the_notice_is_always_there() -> None:
    assert "nothing is stored" in NOTICE
    empty = np.asarray(draw(frame(), observation()))
    bare = frame()
    corner = empty[:20, :200].astype(int) - bare[:20, :200]
    assert (np.abs(corner).max(axis=2) > 20).mean() > 0.9
    lamp = (empty[:24, :24] == rgb(PLAIN.lamp)).all(axis=2)
    assert lamp.sum() > 60
    light = (empty[:24, 24:240] > 230).all(axis=2)
    assert light.sum() > 200


def test_the_line_of_counts_tells_visits_or_the_present() -> None:
    with_visits, now = draw(frame(), SEEN, tally=TALLY), draw(frame(), SEEN)
    other = draw(frame(), SEEN, tally=replace(TALLY, unsure=2))
    strip = (0, 450, 640, 480)
    assert difference(with_visits.crop(strip), now.crop(strip)) > MEAN_LEVELS
    assert with_visits.crop(strip).tobytes() != other.crop(strip).tobytes()


@pytest.mark.parametrize("size", [(320, 240), (1280, 960), (1024, 600)])
def test_it_scales_with_the_screen(size: tuple[int, int]) -> None:
    picture = draw(frame(), SEEN, tally=TALLY, size=size)
    assert picture.size == size
    across, down = size[0] / 640, size[1] / 480
    for one in SEEN.sightings[:2]:
        box = one.face.box
        bottom = round((box.y + box.height) * down)
        row = np.asarray(picture)[bottom, round(box.x * across) : round((box.x + 90) * across)]
        assert (row == rgb(PLAIN.colour(one.steady))).all()


def test_boxes_beyond_the_frame_are_drawn_as_far_as_they_show() -> None:
    outside = observation(
        sighting(1, (-500, -500, 90, 90), "female", 0.9),
        sighting(2, (-40, -40, 90, 90), "female", 0.9),
        sighting(3, (600, 450, 90.5, 90.2), "male", 0.9),
        sighting(4, (100, 100, 0, 0), "unsure", 0.5),
        sighting(5, (200, 200, 3, 2), "unsure", 0.5),
    )
    picture = np.asarray(draw(frame(), outside))
    assert (picture[49:51, 20] == rgb(PLAIN.female)).all(axis=-1).any()


def test_the_frame_itself_stays_as_it_was() -> None:
    pixels = frame()
    pixels.flags.writeable = False
    before = pixels.copy()
    draw(pixels, SEEN)
    assert (pixels == before).all()


def test_a_tally_keeps_unsure_in_its_total() -> None:
    visits = [
        Visit("a", STAMP, STAMP, label, 0.9, 5, 1.0, 0.1)
        for label in ("female", "unsure", "female", "male")
    ]
    tally = Tally().plus(visits[:2]).plus(visits[2:])
    assert tally == Tally(female=2, male=1, unsure=1)
    assert tally.total == 4


if __name__ == "__main__":
    draw(frame(), SEEN, tally=TALLY).save(GOLDEN, optimize=True)
