# SPDX-License-Identifier: Apache-2.0
"""Data: labelled pictures come in, are checked, and what was found and refused is told."""

from typing import Final

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from training.datasets.linting import Inspection
from training.studio import markup
from training.studio.choosing import choose_dataset
from training.studio.findings import FORMATS, Finding, findings
from training.studio.home import Home, StoredDataset
from training.studio.uploads import in_plain_words, take_path, take_upload
from training.studio.verdict import by_gender, objection
from training.studio.watching import watch

MOST_ROWS: Final = 100


def show(home: Home) -> None:
    """The page."""
    st.markdown(
        "Bring labelled pictures of faces: a ZIP or a folder, with the labels in the file names "
        "(`24_0_1_date.jpg`: age, gender, race, as in UTKFace), in a CSV (`file, age, gender, "
        "race`, as in FairFace), or as folders named `female` and `male`. "
        "Everything stays on this machine."
    )
    _incoming(home)
    dataset = choose_dataset(home, usable=False)
    if dataset is not None:
        _about(dataset)


def _incoming(home: Home) -> None:
    """Where pictures come in."""
    upload, named = st.tabs(["Upload a ZIP", "Already on this machine"])
    with upload:
        # A new key empties the uploader for the next file.
        key = f"upload-{st.session_state.get('uploads', 0)}"
        file = st.file_uploader(
            "Drop a ZIP of labelled pictures here, or choose one", type=["zip"], key=key
        )
        if file is not None:
            with st.spinner(f"Keeping {file.name} ..."):
                dataset = take_upload(home, file.name, file)
                _let_go(file)
            st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1
            _choose(dataset)
    with named, st.form("named", border=False):
        text = st.text_input(
            "Path of a ZIP or folder",
            placeholder="/home/me/faces.zip",
            help="It is read where it is; nothing is copied or changed.",
        )
        if st.form_submit_button("Check", icon=":material/search:"):
            _choose(take_path(home, text))


def _let_go(file: UploadedFile) -> None:
    """Free the memory that holds an uploaded file; Streamlit would wait for the tab to close."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context is not None else None
    if context is not None and isinstance(manager, MemoryUploadedFileManager):
        file.close()
        manager.remove_file(session_id=context.session_id, file_id=file.file_id)


def _choose(dataset: StoredDataset) -> None:
    """Make it the one that all pages are about."""
    st.session_state["dataset"] = dataset.name
    st.rerun()


def _about(dataset: StoredDataset) -> None:
    """How the check of one dataset stands."""
    job = dataset.check
    if job.state == "running":
        watch(
            job,
            doing=f"Opening {dataset.title}",
            closing="Comparing the pictures with each other",
        )
        return
    if job.state == "done":
        inspection = dataset.inspection()
        if inspection is not None:
            _found(inspection)
    elif job.state == "stopped":
        st.warning("The check was stopped.", icon=":material/stop:")
    else:
        st.error(in_plain_words(dataset), icon=":material/block:")
    _buttons(dataset)


def _buttons(dataset: StoredDataset) -> None:
    """Check again, and forget."""
    with st.container(horizontal=True):
        if st.button("Check again", icon=":material/refresh:"):
            dataset.start_check()
            st.rerun()
        with st.popover("Remove", icon=":material/delete:"):
            st.write(
                "Forgets these pictures and the faces cut from them. Trained runs stay, and so "
                "does what was not uploaded."
            )
            if st.button("Remove it", type="primary"):
                dataset.remove()
                st.rerun()


def _found(inspection: Inspection) -> None:
    """Counts first, then whether that is enough, then all that was odd."""
    counted = by_gender(inspection)
    found = findings(inspection)
    with st.container(horizontal=True):
        st.metric("Labelled pictures", f"{inspection.pictures:,}", width="content")
        st.metric("Perceived female", f"{counted['female']:,}", width="content")
        st.metric("Perceived male", f"{counted['male']:,}", width="content")
    st.caption(FORMATS[inspection.format])
    if words := objection(inspection):
        st.error(words, icon=":material/block:")
    elif not found:
        st.success("Nothing was refused and nothing is odd.", icon=":material/check:")
    else:
        st.success("These pictures can be trained on.", icon=":material/check:")
    for finding in found:
        _list(finding)


def _list(finding: Finding) -> None:
    """One kind of finding, folded away."""
    with st.expander(f"{finding.title}: {len(finding.rows):,}"):
        st.caption(finding.meaning)
        markup.table(finding.head, finding.rows[:MOST_ROWS])
        rest = len(finding.rows) - MOST_ROWS
        if rest > 0:
            st.caption(f"... and {rest:,} more.")
