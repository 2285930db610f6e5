# SPDX-License-Identifier: Apache-2.0
"""Upload: labelled pictures come in, are checked, and what was found is told."""

import streamlit as st

from training.studio.home import Home


def show(home: Home) -> None:
    """The page."""
    for dataset in home.datasets():
        st.write(dataset.title)
