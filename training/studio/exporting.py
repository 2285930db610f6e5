# SPDX-License-Identifier: Apache-2.0
"""The part of the pages Judge, Predict and Ship that exports a run, and shows how far it is."""

import streamlit as st

from device.errors import PasserbyError
from training.prepared import open_prepared
from training.studio.home import Home, StoredDataset, StoredRun
from training.studio.judging import Judgement, exported, judgement
from training.studio.looking import trained_on
from training.studio.shipping import (
    LICENCE,
    VERSION,
    Order,
    digests,
    export_job,
    export_words,
    steps_of,
)

WHY = (
    "This run has no bundle yet. Exporting turns it into what the device runs: it quantises the "
    "model to int8, fits the threshold of unsure on held-out pictures, and measures it there. That "
    "takes a minute or two."
)


def judged(home: Home, run: StoredRun) -> Judgement | None:
    """The run's export; where there is none the page offers to make one, and this is None."""
    job = export_job(home, run)
    if job.alive():
        watch_export(home, run)
        return None
    if job.state in ("failed", "lost"):
        st.error(job.fault(), icon=":material/error:")
    if not exported(home, run):
        st.info(WHY, icon=":material/inventory_2:")
        ask_for_export(home, run)
        return None
    try:
        return judgement(home, run)
    except PasserbyError as error:
        st.error(str(error), icon=":material/error:")
        ask_for_export(home, run)
        return None


def ask_for_export(home: Home, run: StoredRun) -> None:
    """What to export with, and the button."""
    others = [d for d in home.datasets() if d.name != run.dataset and d.check.state == "done"]
    with st.form(f"export {run.name}"):
        tests = st.multiselect(
            "Test pictures (optional)",
            [one.name for one in others],
            format_func=lambda name: next(one.title for one in others if one.name == name),
            placeholder="Other pictures of yours" if others else "Add others on the page Data",
            help="Labelled pictures that this run has never seen: figures taken on them say more "
            "than those on pictures held out from the training set.",
            disabled=not others,
        )
        left, right = st.columns(2)
        licence = left.text_input("Licence of the training pictures", LICENCE)
        version = right.text_input("Version of the bundle", VERSION)
        asked = st.form_submit_button("Export", type="primary", icon=":material/inventory_2:")
    if asked:
        chosen = [one for one in others if one.name in tests]
        _start(home, run, chosen, licence=licence, version=version)


def watch_export(home: Home, run: StoredRun) -> None:
    """A progress bar that moves by itself; when the export ends the whole page is drawn anew."""
    job = export_job(home, run)

    @st.fragment(run_every=0.7)
    def bar() -> None:
        if not job.alive():
            st.rerun(scope="app")
        share, doing = steps_of(job)
        st.progress(share, text=f"Exporting {run.name}: {doing} ...")

    bar()
    if st.button("Stop", key=f"stop export {run.name}", icon=":material/stop:"):
        job.stop()
        st.rerun()


def _start(
    home: Home, run: StoredRun, chosen: list[StoredDataset], *, licence: str, version: str
) -> None:
    config = run.config()
    if config is None:
        st.error(f"The configuration of {run.name} is gone; train it again.")
        return
    prepared = open_prepared(config.prepared)
    for one in chosen:
        found = digests(one.source)
        if known := trained_on(prepared, found):
            st.error(
                f"{known} of the {len(found)} pictures of {one.title} were trained on, so figures "
                "taken on them would prove nothing; choose others."
            )
            return
    order = Order(version=version, licence=licence, tests=tuple(one.source for one in chosen))
    export_job(home, run).start(export_words(home, run, order))
    st.rerun()
