# SPDX-License-Identifier: Apache-2.0
"""A run in figures, and several runs side by side."""

from pathlib import Path
from typing import Final

import streamlit as st

from training.prepared import open_prepared
from training.studio import markup
from training.studio.charts import show_chart
from training.studio.curve_charts import compared
from training.studio.curves import Course, read_course
from training.studio.home import StoredRun

STATES: Final = {
    "none": "not started",
    "running": "training",
    "done": "finished",
    "stopped": "stopped",
    "failed": "failed",
    "lost": "interrupted",
}


def compare(runs: tuple[StoredRun, ...]) -> None:
    """A table of all runs, and the curves of those that have any."""
    courses = {run.name: course for run in runs if (course := course_of(run)) is not None}
    markup.table(
        ("Run", "State", "Epochs", "Best, held out"),
        [_row(run, courses.get(run.name)) for run in runs],
    )
    drawn = {name: course for name, course in courses.items() if course.epochs}
    if drawn:
        show_chart(compared(drawn))
    st.caption(
        "The best accuracy of any epoch on held-out pictures. Runs on different pictures hold "
        "different ones out: compare those on the same."
    )


def course_of(run: StoredRun) -> Course | None:
    """Where it is; None before its first event."""
    return read_course(run.folder, epochs=epochs_in(run))


def epochs_in(run: StoredRun) -> int:
    """How many epochs were asked for; 1 while that is not known."""
    config = run.config()
    return config.epochs_in_all() if config is not None else 1


def held_out_in(run: StoredRun) -> str:
    """How many pictures its epoch is chosen on, in words."""
    config = run.config()
    manifest = config.prepared / "manifest.jsonl" if config is not None else None
    if manifest is None or not manifest.exists():
        return "The"
    return f"The {_selecting(str(manifest.parent), manifest.stat().st_mtime_ns):,}"


def per_cent(share: float | None) -> str:
    """A share as a person reads it."""
    return "-" if share is None else f"{share:.1%}"


def _row(run: StoredRun, course: Course | None) -> tuple[str, ...]:
    done = len(course.epochs) if course is not None else 0
    best = course.best if course is not None else None
    return (
        f"{run.name} on {run.dataset}",
        STATES[run.job.state],
        f"{done} of {epochs_in(run)}" if run.config() is not None else "-",
        per_cent(best.held_out.accuracy) if best is not None else "-",
    )


@st.cache_data(max_entries=20, show_spinner=False)
def _selecting(prepared: str, stamp: int) -> int:
    return len(open_prepared(Path(prepared)).indices("select"))
