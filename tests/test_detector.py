# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from device.bundle import open_bundle
from device.detector import STILL_MARGINS, Detector, anchors, suppress
from device.errors import BundleError
from device.imaging import Letterbox
from device.interpreter import RuntimeChoice


def test_anchors_are_blazeface_s() -> None:
    short = anchors(128, (8, 16, 16, 16))
    assert short.shape == (896, 2)
    assert short[0].tolist() == short[1].tolist() == [1 / 32, 1 / 32]
    assert short[2].tolist() == [3 / 32, 1 / 32]  # x runs first
    assert (short[512:518] == 1 / 16).all()  # six per cell on the coarse grid
    back = anchors(256, (16, 32, 32, 32))
    assert np.array_equal(short, back)


def row(left: float, top: float, right: float, bottom: float) -> list[float]:
    return [left, top, right, bottom, *[0.5] * 12]


def test_suppress_averages_by_score() -> None:
    boxes = np.array([row(0, 0, 1, 1), row(0.1, 0, 1.1, 1), row(5, 5, 6, 6)], np.float32)
    kept = suppress(boxes, np.array([0.6, 0.9, 0.7], np.float32), 0.3)
    assert [score for _, score in kept] == pytest.approx([0.9, 0.7])
    assert kept[0][0][0] == pytest.approx(0.1 * 0.9 / 1.5)
    assert kept[1][0][:4].tolist() == [5, 5, 6, 6]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.floats(-1, 2, width=32)] * 4, st.floats(0.125, 1, width=32)),
        min_size=1,
        max_size=12,
    )
)
def test_suppress_ends_and_keeps_at_most_all(rows: list[tuple[float, ...]]) -> None:
    """Any boxes, also empty and inverted ones: each group has a best one, sorted by score."""
    boxes = np.array([row(*r[:4]) for r in rows], np.float32)
    kept = suppress(boxes, np.array([r[4] for r in rows], np.float32), 0.3)
    scores = [score for _, score in kept]
    assert 1 <= len(kept) <= len(rows)
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(max(r[4] for r in rows))


@pytest.mark.parametrize("name", ["blazeface-short", "blazeface-back"])
@pytest.mark.parametrize("runtime", ["litert", "tflite"])
def test_detectors_find_real_faces_in_a_frame(
    name: str,
    runtime: RuntimeChoice,
    models_directory: Path,
    pictures: dict[str, NDArray[np.uint8]],
) -> None:
    """Forty faces, one each at a known place of a 640 x 480 frame, some 140 px wide."""
    if runtime == "tflite":
        pytest.importorskip("tflite_runtime")
    detector = Detector(open_bundle(models_directory / name), runtime=runtime)
    found = 0
    for pixels in list(pictures.values())[:40]:
        frame = np.full((480, 640, 3), 90, np.uint8)
        frame[200:360, 300:460] = pixels
        faces = detector.find(frame)
        near = [f for f in faces if abs(f.box.x + f.box.width / 2 - 380) < 40]
        found += bool(near)
        for one in near:
            (right_x, right_y), (left_x, _), *_, (mouth_x, mouth_y), _, _ = one.keypoints
            assert one.score >= detector.score_threshold
            assert right_x < left_x or abs(right_x - left_x) < 0.3 * one.box.width
            assert mouth_y > right_y - 0.2 * one.box.height
            assert one.box.x - 20 < mouth_x < one.box.x + one.box.width + 20
    assert found >= 39


def test_decode_leads_from_the_anchor_to_the_frame(detector: Detector) -> None:
    """MediaPipe's rule: values over the input's side, added to the anchor; the size by itself."""
    where = Letterbox(0.2, 0, 16)
    values = np.zeros((1, 896, 16), np.float32)
    logits = np.full((1, 896, 1), -9, np.float32)
    values[0, 600, :4] = 4, -6, 20, 30
    values[0, 600, 4:] = np.arange(12)
    logits[0, 600] = 2
    outputs = [values, logits]
    if detector.interpreter.output_details[0]["shape"][-1] == 1:
        outputs.reverse()
    (found,) = detector.decode(tuple(outputs), where)
    x, y = anchors(128, (8, 16, 16, 16))[600] * 128
    assert found.score == pytest.approx(1 / (1 + np.exp(-2)))
    assert found.box.x == pytest.approx((x + 4 - 10) / 0.2, abs=1e-3)
    assert found.box.y == pytest.approx((y - 6 - 15 - 16) / 0.2, abs=1e-3)
    assert (found.box.width, found.box.height) == pytest.approx((100, 150), abs=1e-3)
    for i, (eye_x, eye_y) in enumerate(found.keypoints):
        assert eye_x == pytest.approx((x + 2 * i) / 0.2, abs=1e-3)
        assert eye_y == pytest.approx((y + 2 * i + 1 - 16) / 0.2, abs=1e-3)


def test_an_image_shows_the_same_faces_as_its_array(
    detector: Detector, pictures: dict[str, NDArray[np.uint8]]
) -> None:
    frame = np.full((480, 640, 3), 90, np.uint8)
    frame[200:360, 300:460] = next(iter(pictures.values()))
    assert detector.find(frame)
    assert detector.find(Image.fromarray(frame)) == detector.find(frame)


def test_find_sorts_by_size_and_sees_nothing_in_noise(
    detector: Detector, pictures: dict[str, NDArray[np.uint8]]
) -> None:
    one, other = list(pictures.values())[:2]
    frame = np.full((480, 640, 3), 90, np.uint8)
    frame[20:180, 20:180] = one
    frame[240:400, 400:560] = other
    frame[200:280, 30:110] = one[::2, ::2]
    areas = [face.box.area for face in detector.find(frame)]
    assert len(areas) >= 2
    assert areas == sorted(areas, reverse=True)
    noise = np.random.default_rng(2).integers(0, 256, (480, 640, 3), np.uint8)
    assert detector.find(noise) == ()


def test_close_ups_get_a_second_look(
    detector: Detector, pictures: dict[str, NDArray[np.uint8]]
) -> None:
    first = sum(bool(detector.find(p)) for p in pictures.values())
    both = sum(bool(detector.find_in_still(p)) for p in pictures.values())
    assert first < both
    assert both >= len(pictures) - 2


def test_closer_ups_get_further_looks(
    detector: Detector, pictures: dict[str, NDArray[np.uint8]]
) -> None:
    """Faces that are larger than the picture: brows to lips."""
    further = 0
    for pixels in pictures.values():
        for face in detector.find_in_still(pixels)[:1]:
            side = int(0.56 * max(face.box.width, face.box.height))
            box = face.box
            x = max(0, int(box.x + (box.width - side) / 2))
            y = max(0, int(box.y + (box.height - side) / 2))
            close_up = np.ascontiguousarray(pixels[y : y + side, x : x + side])
            looks = [detector.find(close_up, margin=margin) for margin in STILL_MARGINS]
            found = [faces for faces in looks if faces]
            assert detector.find_in_still(close_up) == (found[0] if found else ())
            further += bool(found) and not looks[0] and not looks[1]
    assert further >= 3
    assert detector.find_in_still(np.full((80, 80, 3), 200, np.uint8)) == ()


def test_a_classifier_is_no_detector(models_directory: Path) -> None:
    with pytest.raises(BundleError, match="expected a detector"):
        Detector(open_bundle(models_directory / "default"))
