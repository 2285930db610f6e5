# SPDX-License-Identifier: Apache-2.0
"""Shows a job while it works, and goes on when it is done."""

import streamlit as st

from training.studio.jobs import Amount, Job

# What the verbs call their work, and what a person would.
WORDS = {"reading": "Reading and checking", "cutting": "Finding faces"}


def watch(job: Job, *, doing: str, closing: str = "") -> None:
    """A progress bar that moves by itself; when the job ends the whole page is drawn anew.

    Args:
        job: a running job.
        doing: what it does, for the time before it counts anything.
        closing: what it does after the last picture.
    """

    @st.fragment(run_every=0.7)
    def bar() -> None:
        if not job.alive():
            st.rerun(scope="app")
        share, text = told(job.amount(), doing, closing)
        st.progress(share, text=text)

    bar()
    if st.button("Cancel", key=f"stop {job.folder}", icon=":material/stop:", disabled=job.stopping):
        job.stop()
        st.rerun()


def told(amount: Amount | None, doing: str, closing: str) -> tuple[float, str]:
    """How far a job is: share, 0 to 1, and words; the arguments are those of `watch`."""
    if amount is None or not amount.total:
        return 0.0, f"{doing} ..."
    if amount.done >= amount.total and closing:
        return 1.0, f"{closing} ..."
    what = WORDS.get(amount.what, doing)
    return amount.done / amount.total, f"{what}: {amount.done:,} of {amount.total:,} pictures"
