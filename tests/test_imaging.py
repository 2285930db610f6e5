# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from device.imaging import CropRule, Letterbox, cut, letterbox, roll, size_of
from device.records import Box, Face


def face(box: Box, right_eye: tuple[float, float], left_eye: tuple[float, float]) -> Face:
    return Face(box, (right_eye, left_eye, *((0.0, 0.0),) * 4), 0.9)


def eyes_picture(angle: float) -> tuple[NDArray[np.uint8], Face]:
    """Two white discs as eyes on grey, turned by `angle` about the middle of 200 x 200."""
    image = Image.new("RGB", (200, 200), (90, 90, 90))
    draw = ImageDraw.Draw(image)
    eyes = []
    for side in (-25, 25):
        x = 100 + side * math.cos(angle) + 15 * math.sin(angle)
        y = 100 + side * math.sin(angle) - 15 * math.cos(angle)
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=(255, 255, 255))
        eyes.append((x, y))
    return np.asarray(image), face(Box(50, 50, 100, 100), *eyes)


def centres_of_eyes(crop: NDArray[np.uint8]) -> list[tuple[float, float]]:
    bright = crop[:, :, 0] > 170
    halves = []
    for columns in (slice(0, crop.shape[1] // 2), slice(crop.shape[1] // 2, None)):
        ys, xs = np.nonzero(bright[:, columns])
        halves.append((xs.mean() + (columns.start or 0), ys.mean()))
    return halves


@pytest.mark.parametrize("degrees", [-35, -10, 0, 8, 30])
def test_cut_levels_the_eyes(degrees: float) -> None:
    pixels, turned = eyes_picture(math.radians(degrees))
    crop = cut(pixels, turned, CropRule(size=96, scale=1.2)).pixels
    (right_x, right_y), (left_x, left_y) = centres_of_eyes(crop)
    assert abs(right_y - left_y) < 0.7
    # 50 px apart on the frame, 120 px of the frame on 96 px of the crop.
    assert left_x - right_x == pytest.approx(50 * 96 / 120, abs=0.7)
    assert (left_x + right_x) / 2 == pytest.approx(47.5, abs=0.7)


def test_roll_of_a_profile_is_zero() -> None:
    assert roll(face(Box(0, 0, 100, 100), (50, 40), (52, 44))) == 0.0


def test_cut_fills_what_lies_outside_the_frame() -> None:
    pixels = np.full((100, 100, 3), 200, np.uint8)
    corner = face(Box(-50, -50, 100, 100), (-20, -20), (20, -20))
    crop = cut(pixels, corner, CropRule(size=64, scale=1.0, fill=17)).pixels
    assert (crop[:30, :30] == 17).all()
    assert (crop[34:, 34:] == 200).all()


def test_cut_of_a_face_wholly_outside_is_all_fill() -> None:
    pixels = np.full((100, 100, 3), 200, np.uint8)
    away = face(Box(300, 300, 50, 50), (310, 320), (340, 320))
    assert (cut(pixels, away, CropRule(size=32, scale=1.0, fill=5)).pixels == 5).all()


@pytest.mark.parametrize(("colour", "channels"), [("rgb", 3), ("grey", 1)])
@pytest.mark.parametrize("side", [20, 96, 150, 400])
def test_cut_has_the_shape_of_its_rule(colour: str, channels: int, side: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    rule = CropRule(size=96, scale=1.1, colour=colour)  # type: ignore[arg-type]
    crop = cut(pixels, face(Box(100, 50, side, side), (120, 80), (160, 80)), rule).pixels
    assert crop.shape == (96, 96, channels)
    assert crop.dtype == np.uint8


def test_cut_averages_when_it_shrinks() -> None:
    """A fine checkerboard becomes grey, not a moiré of black and white."""
    ys, xs = np.mgrid[0:480, 0:480]
    pixels = np.repeat((((xs + ys) % 2) * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    rule = CropRule(size=96, scale=1.0)
    crop = cut(pixels, face(Box(48, 48, 384, 384), (150, 200), (330, 200)), rule).pixels
    assert np.abs(crop.astype(int) - 127).max() < 8


@pytest.mark.parametrize("colour", ["rgb", "grey"])
@pytest.mark.parametrize("side", [20, 77, 104])
def test_a_margin_leaves_the_crop_as_it_is(colour: str, side: int) -> None:
    """There is more of the frame around it, at the same scale; none is shrunk by two."""
    pixels = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    where = face(Box(10, 50, side, side), (20, 80), (50, 88))
    rule = CropRule(size=96, scale=1.1, colour=colour)  # type: ignore[arg-type]
    plain, around = cut(pixels, where, rule), cut(pixels, where, replace(rule, margin=7))
    assert np.array_equal(plain.around, plain.pixels)
    assert around.around.shape[:2] == (110, 110)
    assert np.array_equal(around.pixels, plain.pixels)
    wider = cut(pixels, where, replace(rule, size=110, scale=1.1 * 110 / 96)).pixels
    assert np.abs(around.around.astype(int) - wider).max() <= 1


def test_a_margin_hardly_changes_the_crop_of_a_face_that_is_shrunk(
    pictures: dict[str, NDArray[np.uint8]],
) -> None:
    rule = CropRule(size=96, scale=1.1)
    for pixels in list(pictures.values())[:20]:
        frame = np.asarray(Image.fromarray(pixels).resize((640, 640), Image.Resampling.BICUBIC))
        where = face(Box(130, 110, 380, 380), (200, 250), (420, 290))
        plain, around = cut(frame, where, rule), cut(frame, where, replace(rule, margin=7))
        assert np.abs(around.pixels.astype(int) - plain.pixels).mean() < 2


def test_cut_reads_strided_frames_alike() -> None:
    """Cameras pad their rows: a view into a wider buffer gives the very same crop."""
    wide = np.random.default_rng(1).integers(0, 256, (240, 352, 3), np.uint8)
    view = wide[:, :320]
    where = face(Box(60, 40, 110, 110), (90, 80), (140, 84))
    rule = CropRule(size=96, scale=1.1)
    assert np.array_equal(cut(view, where, rule).pixels, cut(view.copy(), where, rule).pixels)


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (90, 400), (128, 128), (33, 57)])
@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_letterbox_leads_back_to_the_frame(shape: tuple[int, int], margin: float) -> None:
    pixels = np.zeros((*shape, 3), np.uint8)
    height, width = shape
    y, x = height * 3 // 4, width // 4
    pixels[max(0, y - 8) : y + 9, max(0, x - 8) : x + 9] = 255
    square, where = letterbox(pixels, 128, margin=margin)
    assert square.shape == (128, 128, 3)
    weights = square[:, :, 0].astype(float)
    ys, xs = np.mgrid[0:128, 0:128] + 0.5
    back_x = ((xs * weights).sum() / weights.sum() - where.left) / where.scale
    back_y = ((ys * weights).sum() / weights.sum() - where.top) / where.scale
    inside = pixels[:, :, 0] > 0
    true_y, true_x = (n.mean() + 0.5 for n in np.nonzero(inside))
    assert back_x == pytest.approx(true_x, abs=1.2 / where.scale)
    assert back_y == pytest.approx(true_y, abs=1.2 / where.scale)


def test_letterbox_of_a_camera_s_frame_is_the_mean_of_two_rows_of_each_block() -> None:
    """What a detector has always been given of 640 x 480: the tracker's rules were chosen on it."""
    pixels = np.random.default_rng(5).integers(0, 256, (480, 640, 3), np.uint8)
    rows = (pixels[1::5].astype(int) + pixels[3::5]) // 2
    expected = np.asarray(Image.fromarray(rows.astype(np.uint8)).reduce((5, 1)))
    square, where = letterbox(pixels, 128)
    assert np.array_equal(square[16:112], expected)
    assert not square[:16].any()
    assert not square[112:].any()
    assert where == Letterbox(0.2, 0, 16)


@pytest.mark.parametrize(
    "shape",
    [(480, 640), (720, 1280), (960, 720), (1080, 1920), (96, 128), (90, 400), (224, 224), (33, 57)],
)
@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_letterbox_of_an_image_is_that_of_its_array(shape: tuple[int, int], margin: float) -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (*shape, 3), np.uint8)
    square, where = letterbox(pixels, 128, margin=margin)
    of_image, there = letterbox(Image.fromarray(pixels), 128, margin=margin)
    assert np.array_equal(of_image, square)
    assert there == where


@pytest.mark.parametrize("colour", ["rgb", "grey"])
@pytest.mark.parametrize("side", [3, 60, 110, 230, 700])
def test_cut_of_an_image_is_that_of_its_array(colour: str, side: int) -> None:
    rng = np.random.default_rng(side)
    pixels = rng.integers(0, 256, (240, 320, 3), np.uint8)
    rule = CropRule(size=96, scale=1.1, colour=colour)  # type: ignore[arg-type]
    for x, y, tilt in rng.uniform((-100, -100, -1), (350, 260, 1), (12, 3)):
        eyes = (x + 0.3 * side, y + 0.4 * side), (x + 0.7 * side, y + (0.4 + 0.2 * tilt) * side)
        where = face(Box(x, y, side, side), *eyes)
        of_image = cut(Image.fromarray(pixels), where, rule).pixels
        assert np.array_equal(of_image, cut(pixels, where, rule).pixels)


def test_size_is_width_then_height() -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    assert size_of(pixels) == size_of(Image.fromarray(pixels)) == (64, 48)
