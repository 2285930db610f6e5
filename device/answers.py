# SPDX-License-Identifier: Apache-2.0
"""The shape in which programs are told of faces: the JSON line of `classify` and of a capture."""

from collections.abc import Iterable
from typing import Any

from device.records import UNSURE, Face, Perception

# What is said of a face that was too small to be classified.
UNKNOWN = Perception(0.5, 0.5, UNSURE)


def face_answer(face: Face, perception: Perception | None) -> dict[str, Any]:
    """One face; box in pixels of the picture, shares rounded to four digits that add up to 1."""
    seen = perception or UNKNOWN
    female = round(seen.female, 4)
    male = round(1 - female, 4)
    box = face.box
    return {
        "box": [round(value, 1) for value in (box.x, box.y, box.width, box.height)],
        "detection_score": round(face.score, 4),
        "perceived_gender": seen.label,
        "probabilities": {"female": female, "male": male},
        "confidence": max(female, male),
    }


def picture_answer(
    file: str, faces: Iterable[tuple[Face, Perception | None]], error: str | None
) -> dict[str, Any]:
    """One picture with its faces in the order given (largest first), or with its error."""
    return {"file": file, "faces": [face_answer(*look) for look in faces], "error": error}
