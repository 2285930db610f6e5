# SPDX-License-Identifier: Apache-2.0
"""The prepared pictures of a dataset: made by a job, shown as the device will see them."""

from pathlib import Path
from typing import Final, Literal

import numpy as np
import streamlit as st

from device.places import shipped_models
from training.models.settings import SETTINGS
from training.prepared import Prepared, open_prepared
from training.studio import markup
from training.studio.filters import filtered, in_words, one_page
from training.studio.home import StoredDataset
from training.studio.markup import Figure
from training.studio.shelf import Shelf, crop_uri
from training.studio.watching import watch

SPLITS: Final = {
    "train": "to train on",
    "select": "held out: chooses the best epoch",
    "calibrate": "held out: calibrates the certainty",
    "contradictory": "left out: contradictory labels",
    "excluded": "left out: in a test set",
}
COLOURS: Final = {"rgb": "in colour", "grey": "in grey"}
DETECTOR: Final = "blazeface-short"


def preparing(dataset: StoredDataset, *, size: int, colour: str) -> tuple[tuple[str, ...], ...]:
    """The commands that find and cut the dataset's faces; none where that has been done."""
    target = dataset.prepared(size, colour)
    if (target / "prepared.json").exists():
        return ()
    models = shipped_models()
    fetch = ("detectors", "--models", str(models))
    shape = ("--size", str(size), "--colour", colour, "--detector", str(models / DETECTOR))
    cut = ("prepare", str(dataset.source), "--out", str(target), *shape)
    return (cut,) if (models / DETECTOR / "bundle.json").exists() else (fetch, cut)


def choose_prepared(dataset: StoredDataset, *, busy: bool) -> Prepared | None:
    """The prepared folder to look at; before there is one, the way to it.

    Args:
        dataset: whose.
        busy: whether a run is at work, which may be finding the same faces.
    """
    job = dataset.cutting
    if job.state == "running":
        watch(job, doing="Starting", closing="Splitting the pictures by content")
        return None
    if fault := job.fault():
        st.error(fault, icon=":material/block:")
    folders = {_title(folder): folder for folder in dataset.all_prepared()}
    if not folders:
        st.info(
            "The device finds the face in a picture, turns it upright and cuts it out; the model "
            "sees nothing else. Training does the same with every picture here.",
            icon=":material/face:",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = _chosen(folders)
        _start(dataset, first=not folders, busy=busy)
    return open_prepared(chosen) if chosen is not None else None


def show_crops(prepared: Prepared) -> None:
    """A grid of crops with labels, and what each is for."""
    array = prepared.crops()
    rows = [(row, index) for index, row in enumerate(prepared.rows) if row.found]
    fitting = {id(row) for row in filtered([row for row, _ in rows], "crops")}
    chosen = [(row, index) for row, index in rows if id(row) in fitting]
    markup.grid(
        Figure(
            crop_uri(np.asarray(array[index])),
            row.perceived_gender,
            SPLITS.get(row.split, row.split),
            title=row.name,
        )
        for row, index in one_page(chosen, "crops", unit="face")
    )


def show_missed(prepared: Prepared, shelf: Shelf) -> None:
    """The pictures in which the detector finds no face."""
    missed = [row for row in prepared.rows if not row.found and row.split != "unread"]
    if not missed:
        st.success("A face was found in every picture.", icon=":material/check:")
        return
    st.caption(
        f"In {len(missed):,} of {len(prepared.rows):,} pictures no face was found. The device "
        "would pass over them; they are not trained on."
    )
    markup.grid(
        Figure(shelf.small(row.name), row.perceived_gender, in_words(row), title=row.name)
        for row in one_page(filtered(missed, "missed"), "missed", unit="picture")
    )


def _title(folder: Path) -> str:
    size, colour = folder.name.split("-")
    return f"{size} px {COLOURS[colour]}"


def _chosen(folders: dict[str, Path]) -> Path | None:
    if not folders:
        return None
    title = st.selectbox("Crops", list(folders), key="crops-kind", width=165)
    return folders.get(title)


def _start(dataset: StoredDataset, *, first: bool, busy: bool) -> None:
    """Offer the crops that the architectures take by default."""
    kinds: dict[str, tuple[int, str]] = {}
    for settings in SETTINGS.values():
        one = settings()  # type: ignore[call-arg]  # each has defaults for all
        if not (dataset.prepared(one.input_size, one.colour) / "prepared.json").exists():
            kinds[f"{one.input_size} px {COLOURS[one.colour]}"] = (one.input_size, one.colour)
    for title, (size, colour) in kinds.items():
        main = first and colour == "rgb"
        kind: Literal["primary", "secondary"] = "primary" if main else "secondary"
        why = "A run is at work; wait, or stop it first." if busy else None
        if st.button(f"Find the faces, {title}", type=kind, disabled=busy, help=why):
            dataset.cutting.start(*preparing(dataset, size=size, colour=colour))
            st.rerun()
