# SPDX-License-Identifier: Apache-2.0
"""Predict: any picture through the exported bundle, its answer beside its label."""

import random
from collections.abc import Sequence

import streamlit as st

from device.errors import InputError
from training.prepared import Row
from training.studio import markup
from training.studio.answering import answer
from training.studio.choosing import choose_run
from training.studio.exporting import judged
from training.studio.home import Home, StoredRun
from training.studio.judging import Judgement
from training.studio.looking import row_of
from training.studio.shelf import Shelf, shelf_of

PER_PAGE = 12
MAX_UPLOAD_MB = 32
KINDS = {
    "Held out": ("select", "calibrate"),
    "Trained on": ("train",),
    "Left out": ("excluded", "contradictory", "unread"),
}


def show(home: Home) -> None:
    """The page."""
    run = choose_run(home)
    found = judged(home, run) if run is not None else None
    if run is None or found is None:
        return
    st.write(
        "The exported int8 model looks at one picture in the device's own way: it finds the face, "
        "cuts it out level, and estimates perceived gender or says *unsure*."
    )
    own, upload = "A picture of this run", "Upload one"
    if st.segmented_control("Look at", [own, upload], default=own, required=True) == upload:
        _uploaded(found)
    else:
        _listed(home, run, found)


def _listed(home: Home, run: StoredRun, found: Judgement) -> None:
    dataset = next((one for one in home.datasets() if one.name == run.dataset), None)
    if dataset is None:
        st.info("The pictures of this run are no longer here; upload one instead.")
        return
    shelf = shelf_of(dataset)
    rows = _filtered(found, run)
    if not rows:
        st.info("There is no such picture.")
        return
    at = _position(rows, key=f"picture {run.name}")
    row = rows[at]
    try:
        data = shelf.read(row.name)
    except InputError as error:
        st.error(str(error), icon=":material/error:")
    else:
        answer(found, data, name=row.name, row=row)
    _thumbnails(shelf, rows, at, key=f"picture {run.name}")


def _filtered(found: Judgement, run: StoredRun) -> list[Row]:
    """The pictures to choose from."""
    left, right = st.columns(2, vertical_alignment="bottom")
    counts = {
        kind: sum(row.split in splits for row in found.prepared.rows)
        for kind, splits in KINDS.items()
    }
    kind = left.segmented_control(
        "Pictures",
        [kind for kind, n in counts.items() if n],
        default=next(kind for kind, n in counts.items() if n),
        format_func=lambda kind: f"{kind} ({counts[kind]})",
        required=True,
        wrap=True,
        key=f"kind {run.name}",
    )
    part = right.text_input("Name contains", key=f"part {run.name}").strip().casefold()
    return [
        row
        for row in found.prepared.rows
        if row.split in KINDS[kind or "Held out"] and part in row.name.casefold()
    ]


def _position(rows: Sequence[Row], *, key: str) -> int:
    """Which picture is looked at: the first, until the person chooses another."""
    names = [row.name for row in rows]
    chosen = st.session_state.get(key)
    at = names.index(chosen) if chosen in names else 0
    with st.container(horizontal=True):
        if st.button("Previous", icon=":material/chevron_left:", disabled=at == 0):
            at -= 1
        if st.button("Next", icon=":material/chevron_right:", disabled=at == len(rows) - 1):
            at += 1
        if st.button("Any", icon=":material/shuffle:"):
            at = random.randrange(len(rows))  # noqa: S311  nothing hangs on it
    st.session_state[key] = names[at]
    return at


def _thumbnails(shelf: Shelf, rows: Sequence[Row], at: int, *, key: str) -> None:
    """The pictures around the chosen one, each with a button."""

    def choose(name: str) -> None:
        st.session_state[key] = name

    first = at // PER_PAGE * PER_PAGE
    last = min(len(rows), first + PER_PAGE)
    st.caption(f"Pictures {first + 1} to {last} of {len(rows)}")
    with st.container(horizontal=True, gap="xsmall"):
        for i in range(first, last):
            with st.container(width=112, gap="xsmall"):
                uri = shelf.small(rows[i].name, side=100)
                markup.grid([markup.Figure(uri, f"{rows[i].perceived_gender}")])
                st.button(
                    "Predict",
                    key=f"predict {i}",
                    on_click=choose,
                    args=(rows[i].name,),
                    disabled=i == at,
                    help=rows[i].name,
                    width="stretch",
                )


def _uploaded(found: Judgement) -> None:
    file = st.file_uploader(
        f"A picture with a face: JPEG, PNG, BMP or WebP, at most {MAX_UPLOAD_MB} MB. It is kept "
        "nowhere.",
        max_upload_size=2 * MAX_UPLOAD_MB,  # Streamlit says why on pointing at a sign only
    )
    if file is None:
        return
    try:
        if file.size > MAX_UPLOAD_MB * 2**20:
            raise InputError(
                f"{file.name} has {file.size / 1e6:.1f} MB, at most {MAX_UPLOAD_MB} MB can be "
                "looked at; scale it down"
            )
        data = file.getvalue()
        answer(found, data, name=file.name, row=row_of(found.prepared, data), all_faces=True)
    except InputError as error:
        st.error(str(error), icon=":material/error:")
