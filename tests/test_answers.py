# SPDX-License-Identifier: Apache-2.0
"""The JSON shape that other programs rely on, value by value."""

import json

from device.answers import picture_answer
from device.records import Box, Face, Perception

FACE = Face(Box(10.04, 20.26, 81, 80.999), ((0.0, 0.0),) * 6, 0.98765432)


def test_the_shape_is_the_documented_one() -> None:
    seen = Perception(0.93004, 0.06996, "female")
    assert json.dumps(picture_answer("a.jpg", [(FACE, seen)], None)) == (
        '{"file": "a.jpg", "faces": [{"box": [10.0, 20.3, 81, 81.0], "detection_score": 0.9877, '
        '"perceived_gender": "female", "probabilities": {"female": 0.93, "male": 0.07}, '
        '"confidence": 0.93}], "error": null}'
    )


def test_a_face_too_small_is_unsure_at_even_odds() -> None:
    (answer,) = picture_answer("b", [(FACE, None)], None)["faces"]
    assert answer["perceived_gender"] == "unsure"
    assert answer["probabilities"] == {"female": 0.5, "male": 0.5}
    assert answer["confidence"] == 0.5


def test_an_error_has_no_faces() -> None:
    assert picture_answer("c", [], "broken") == {"file": "c", "faces": [], "error": "broken"}


def test_shares_add_up_after_rounding() -> None:
    for share in range(1000):
        female = share / 1000 + 0.00005
        seen = Perception(female, 1 - female, "unsure")
        (answer,) = picture_answer("d", [(FACE, seen)], None)["faces"]
        odds = answer["probabilities"]
        assert round(odds["female"] + odds["male"], 9) == 1
        assert len(str(odds["male"])) <= 6
        assert answer["confidence"] == max(odds.values())
