# SPDX-License-Identifier: Apache-2.0
"""Shows what a bundle says of one picture: the answer, the label, the crop, what it proves."""

import streamlit as st

from device.records import UNSURE
from training.prepared import Row
from training.studio import markup
from training.studio.judging import Judgement
from training.studio.looking import Look, Seen, drawn, in_words, standing
from training.studio.opened import eyes
from training.studio.shelf import as_uri, crop_uri

MOST_FACES = 8


def answer(
    found: Judgement, data: bytes, *, name: str, row: Row | None, all_faces: bool = False
) -> None:
    """Show the answer for an encoded picture.

    Args:
        found: the exported run.
        data: the picture.
        name: what to call it.
        row: what the training knows of it, or None.
        all_faces: tell of every face, not only of the largest, which a label is about.

    Raises:
        InputError: it is no picture that can be read, or too large.
    """
    look = eyes(found.bundle.path).look(data, name=name)
    faces = look.faces[: MOST_FACES if all_faces else 1]
    with st.container(border=True):
        for number, seen in enumerate(faces, 1):
            title = f"Face {number} of {len(look.faces)}: " if len(faces) > 1 else ""
            _one(found, look, seen, name=name, row=row, title=title, first=number == 1)
        if not faces:
            _one(found, look, None, name=name, row=row, title="", first=True)
        if row is not None and row.split == "train":
            st.warning(standing(row), icon=":material/warning:")
        else:
            st.info(standing(row), icon=":material/visibility_off:")


def _one(
    found: Judgement,
    look: Look,
    seen: Seen | None,
    *,
    name: str,
    row: Row | None,
    title: str,
    first: bool,
) -> None:
    """One face: the picture (once) and the crop, and beside them what was answered."""
    pictures, words = st.columns([1, 2])
    with pictures:
        shown = [markup.Figure(as_uri(drawn(look)), "the picture", title=name)] if first else []
        if seen is not None and seen.crop is not None:
            side, colour = seen.crop.shape[0], "grey" if seen.crop.shape[2] == 1 else "colour"
            used = f"{side} x {side} px, {colour}"
            shown.append(markup.Figure(crop_uri(seen.crop), "the crop that was used", used))
        markup.grid(shown)
    with words:
        said, meaning = _words(found, seen)
        if first:
            st.caption(name)
        st.markdown(f"#### {title or 'Predicted: '}{said}")
        if row is not None:
            st.markdown(f"Labelled: **{row.perceived_gender}** {_verdict(seen, row)}")
        st.write(meaning)


def _words(found: Judgement, seen: Seen | None) -> tuple[str, str]:
    """What was answered, and what that means."""
    if seen is None:
        return "no face found", "The device would not notice anybody here."
    decision = found.decision
    return in_words(
        seen, min_confidence=decision.min_confidence, min_face_pixels=decision.min_face_pixels
    )


def _verdict(seen: Seen | None, row: Row) -> str:
    if seen is None or seen.perception is None or seen.perception.label == UNSURE:
        return ":gray-badge[:material/help: no answer]"
    if seen.perception.label == row.perceived_gender:
        return ":green-badge[:material/check: as labelled]"
    return ":red-badge[:material/close: not as labelled]"
