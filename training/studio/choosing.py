# SPDX-License-Identifier: Apache-2.0
"""Which dataset and which run the pages are about; a choice holds from page to page."""

from collections.abc import Sequence

import streamlit as st

from training.studio.home import Home, StoredDataset, StoredRun


def choose_dataset(home: Home, *, usable: bool = True) -> StoredDataset | None:
    """The dataset that the person has chosen (the newest, until they do); None without any.

    Args:
        home: the studio's folder.
        usable: offer only those that were checked and can be used; otherwise all.
    """
    offered = [one for one in home.datasets() if not usable or one.check.state == "done"]
    if not offered:
        if usable:
            st.info("No pictures yet: add some on the page Data.", icon=":material/upload_file:")
        return None
    titles = {one.name: _title(one, offered) for one in offered}
    name = st.selectbox(
        "Pictures",
        list(titles),
        format_func=lambda name: titles.get(name, name),
        key="dataset",
        persist_state="session",
    )
    return next((one for one in offered if one.name == name), offered[0])


def choose_run(home: Home) -> StoredRun | None:
    """The finished run that the person has chosen (the newest, until they do); None without any."""
    offered = [run for run in home.runs() if run.finished]
    if not offered:
        st.info("No finished run yet: train one on the page Train.", icon=":material/info:")
        return None
    name = st.selectbox("Run", [run.name for run in offered], key="run", persist_state="session")
    return next((run for run in offered if run.name == name), offered[0])


def _title(dataset: StoredDataset, beside: Sequence[StoredDataset]) -> str:
    """The title, with the studio's own name where two titles are the same."""
    same = sum(other.title == dataset.title for other in beside) > 1
    return f"{dataset.title} ({dataset.name})" if same else dataset.title
