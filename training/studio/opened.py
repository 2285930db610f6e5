# SPDX-License-Identifier: Apache-2.0
"""Models that are loaded once for all visits to the pages."""

from pathlib import Path

import streamlit as st

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector
from device.places import shipped_models
from training.studio.looking import Eyes
from training.studio.shipping import DETECTOR


def eyes(bundle: Path) -> Eyes:
    """The device's detector with the classifier of a bundle.

    Raises:
        BundleError: one of them is missing or damaged.
    """
    opened = open_bundle(bundle)
    return _loaded(str(bundle), opened.identity, opened.manifest.created)


@st.cache_resource(max_entries=3, show_spinner="Loading the model ...")
def _loaded(path: str, identity: str, created: str) -> Eyes:
    detector = Detector(open_bundle(shipped_models() / DETECTOR))
    return Eyes(detector, classifier=Classifier(open_bundle(Path(path))))
