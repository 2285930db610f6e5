# SPDX-License-Identifier: Apache-2.0
"""Train: order a run, watch it learn, stop it, let it go on, compare it with others."""

import shlex
from pathlib import Path

import streamlit as st

from device.errors import BusyError
from training.studio.charts import show_chart
from training.studio.choosing import choose_dataset
from training.studio.comparing import compare, course_of, epochs_in, held_out_in, per_cent
from training.studio.crops import preparing
from training.studio.curve_charts import curve
from training.studio.curves import Course, in_words
from training.studio.home import Home, StoredDataset, StoredRun
from training.studio.ordering import Order, ask
from training.studio.verdict import objection
from training.studio.watching import told


def show(home: Home) -> None:
    """The page."""
    dataset = choose_dataset(home)
    runs = home.runs()
    if dataset is not None:
        with st.expander("New run", expanded=not runs, icon=":material/add:"):
            _order(home, dataset)
    if runs:
        _watch(_choose(runs))
    if len(runs) > 1:
        st.subheader("All runs")
        compare(runs)


def _order(home: Home, dataset: StoredDataset) -> None:
    """The form, and the start."""
    inspection = dataset.inspection()
    words = objection(inspection) if inspection is not None else ""
    if words:
        st.error(words, icon=":material/block:")
    order = ask()
    if st.button(
        "Start training", type="primary", icon=":material/play_arrow:", disabled=bool(words)
    ):
        _start(home, dataset, order)


def _start(home: Home, dataset: StoredDataset, order: Order) -> None:
    """Begin a run in a process of its own.

    Raises:
        BusyError: a run or the finding of faces is at work; two would only slow each other down.
    """
    busy = [run.name for run in home.runs() if run.job.alive()]
    if busy:
        raise BusyError(f"{busy[0]} is training; stop it first, or wait until it has finished")
    if dataset.cutting.alive():
        raise BusyError("The faces of these pictures are being found; wait until that is done")
    run = home.new_run(f"{order.architecture}-1", dataset=dataset)
    prepared = dataset.prepared(order.size, order.colour)
    train = ("train", str(prepared), "--workdir", str(run.folder), *order.words)
    run.job.start(*preparing(dataset, size=order.size, colour=order.colour), train)
    st.session_state["watched"] = run.name
    st.rerun()


def _choose(runs: tuple[StoredRun, ...]) -> StoredRun:
    """The run to watch: the newest, until the person chooses another."""
    names = [run.name for run in runs]
    name = st.selectbox("Run", names, key="watched", persist_state="session")
    return next((run for run in runs if run.name == name), runs[0])


def _watch(run: StoredRun) -> None:
    """How the run stands and its curves, drawn anew every so often while it is at work."""
    alive = run.job.alive()

    @st.fragment(run_every=1.0 if alive else None)
    def state() -> None:
        if alive and not run.job.alive():
            st.rerun(scope="app")
        _state(run)

    @st.fragment(run_every=2.0 if alive else None)
    def curves() -> None:
        _curves(run)

    state()
    _buttons(run)
    curves()
    with st.expander("The same on the command line"):
        for command in run.job.commands:
            line = shlex.join(("python", "-m", "training", *command))
            st.code(line, language=None, wrap_lines=True)


def _state(run: StoredRun) -> None:
    """One line: what it does, how far it is, how long it still takes."""
    job, course = run.job, course_of(run)
    state = job.state
    if state == "running":
        if job.stopping:
            st.progress(_share(course), text="Stopping after this step ...")
        elif course is None:
            loading = "Loading TensorFlow and the faces"
            doing = loading if len(job.commands) == 1 else "Starting"
            st.progress(*told(job.amount(), doing, loading))
        else:
            st.progress(_share(course), text=_progress(run, course))
    elif state == "failed":
        st.error(job.fault(), icon=":material/block:")
    elif state == "lost":
        st.warning(
            "The run was interrupted: its process was killed, or the machine went off. Nothing "
            "but the last minute is lost; resume it.",
            icon=":material/power_off:",
        )
    elif state == "stopped":
        at = f" at step {course.step:,} of {course.steps:,}" if course is not None else ""
        st.warning(f"Stopped{at}.", icon=":material/pause:")
    elif state == "done":
        best = course.best if course is not None else None
        words = f" Kept is epoch {best.number}." if best is not None else ""
        st.success(f"Finished.{words}", icon=":material/check:")


def _progress(run: StoredRun, course: Course) -> str:
    epochs = epochs_in(run)
    words = f"Epoch {min(len(course.epochs) + 1, epochs)} of {epochs}"
    if course.seconds_left is not None:
        words += f", {in_words(course.seconds_left)} left"
    return words


def _curves(run: StoredRun) -> None:
    """Figures and curves, as far as there are any."""
    course = course_of(run)
    if course is None or not (len(course.running) > 1 or course.epochs):
        return  # one point is no curve
    if course.epochs:
        last = course.epochs[-1]
        # A stop right at an epoch's end leaves it without a figure of its own.
        told_last = (last.training, *course.running)[-1]
        learning = last.training if last.training.accuracy is not None else told_last
        with st.container(horizontal=True):
            _metric("Epochs done", f"{len(course.epochs)} of {epochs_in(run)}")
            _metric("Accuracy, training", per_cent(learning.accuracy))
            _metric("Accuracy, held out", per_cent(last.held_out.accuracy))
    left, right = st.columns(2)
    with left:
        show_chart(curve(course, "accuracy"))
    with right:
        show_chart(curve(course, "loss"))
    st.caption(
        f"Accuracy is agreement with the labels of perceived gender. {held_out_in(run)} held-out "
        "pictures are never trained on; the epoch that is best on them is kept, so that its figure "
        "flatters a little."
    )


def _buttons(run: StoredRun) -> None:
    """Stop, resume, remove."""
    job = run.job
    with st.container(horizontal=True):
        if job.alive():
            if st.button("Stop training", icon=":material/stop:", disabled=job.stopping):
                job.stop()
                st.rerun()
        else:
            if job.state in ("stopped", "lost", "failed") and st.button(
                "Resume", type="primary", icon=":material/play_arrow:"
            ):
                _resume(run)
                st.rerun()
            with st.popover("Remove", icon=":material/delete:"):
                st.write(f"Forgets {run.name} with its weights. Exported bundles stay.")
                if st.button("Remove it", type="primary"):
                    run.remove()
                    st.rerun()


def _resume(run: StoredRun) -> None:
    """Go on where it stopped; faces that were found are not looked for again."""
    *before, train = run.job.commands
    found = (Path(train[1]) / "prepared.json").exists()
    run.job.start(*([] if found else before), train)


def _share(course: Course | None) -> float:
    return min(1.0, course.step / course.steps) if course is not None and course.steps else 0.0


def _metric(title: str, value: str) -> None:
    st.metric(title, value, width="content")
