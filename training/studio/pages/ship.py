# SPDX-License-Identifier: Apache-2.0
"""Ship: whether the bundle passes the gates and `passerby check`, and how it gets onto a Pi."""

from pathlib import Path

import streamlit as st

from device.errors import InputError
from training.gate import Limits, Verdict, apart, verdicts
from training.studio.choosing import choose_run
from training.studio.exporting import ask_for_export, judged
from training.studio.home import Home
from training.studio.judging import Judgement, fitted_here
from training.studio.shipping import Checked, deploy_command, packed, passerby_check


def show(home: Home) -> None:
    """The page."""
    run = choose_run(home)
    found = judged(home, run) if run is not None else None
    if run is None or found is None:
        return
    manifest = found.bundle.manifest
    st.write(
        f"**{manifest.name} {manifest.version}**, {manifest.model_bytes / 1e6:.2f} MB int8, "
        f"exported {manifest.created[:16].replace('T', ' ')} UTC"
    )
    _gates(found)
    _check(found)
    _take(found)
    with st.expander("Export again", icon=":material/refresh:"):
        ask_for_export(home, run)


def _gates(found: Judgement) -> None:
    st.subheader("Gates")
    judged_by = verdicts(
        found.evidence, model_bytes=found.bundle.manifest.model_bytes, limits=Limits()
    )
    failed = [one for one in judged_by if one.faults]
    first = found.sets[0]
    if failed:
        st.warning(
            f"{len(failed)} of {len(judged_by)} gates are not passed, judged on "
            f"{first.figures.name}. The bundle runs all the same; know its weaknesses before you "
            "rely on its counts.",
            icon=":material/rule:",
        )
    else:
        st.success(f"Every gate is passed on {first.figures.name}.", icon=":material/check:")
    if fitted_here(first):
        st.caption(
            "There was no test set, so the gates judge the faces held out from training. Export "
            "again with test pictures for a stricter judgement."
        )
    st.markdown("\n".join(f"- {_told(one)}" for one in judged_by))
    for words in apart(found.evidence, Limits()):
        st.caption(f"Not judged: {words}")


def _told(one: Verdict) -> str:
    """One gate as a line of Markdown."""
    faults = "; ".join(fault.removeprefix(f"{one.gate}: ") for fault in one.faults)
    mark = ":red-badge[not passed]" if faults else ":green-badge[passed]"
    return f"{mark} **{one.gate}** asks for {one.asks}. *Found: {faults or one.found}.*"


def _check(found: Judgement) -> None:
    st.subheader("passerby check")
    bundle = found.bundle.path
    checked = _checked(str(bundle), found.bundle.identity, found.bundle.manifest.created)
    if checked.passed:
        st.success(
            "passerby check is content: the file is whole, and its golden crops come out as "
            "recorded in the device's own runtime.",
            icon=":material/check:",
        )
    else:
        st.error("passerby check is not content with this bundle.", icon=":material/error:")
    st.code("\n".join(checked.lines) or "it said nothing", language=None, wrap_lines=True)


@st.cache_data(max_entries=8, show_spinner="Running passerby check ...")
def _checked(path: str, identity: str, created: str) -> Checked:
    return passerby_check(Path(path))


def _take(found: Judgement) -> None:
    st.subheader("Take it")
    bundle = found.bundle.path
    st.download_button(
        f"Download {bundle.name}.zip",
        packed(bundle),
        file_name=f"{bundle.name}.zip",
        mime="application/zip",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )
    st.caption(
        "It holds the model, its card, its report, and the golden crops (published FairFace "
        "pictures). None of your pictures is in it, but its report lists their file names."
    )
    host = st.text_input("Your Pi, as ssh calls it", "pi@raspberrypi.local")
    st.write(
        f'This command puts it on the Pi, writes `classifier = "{bundle.name}"` under `[models]` '
        "into its settings, checks it there, and takes all of it back where the check fails:"
    )
    try:
        st.code(deploy_command(bundle, host), language="bash", wrap_lines=True)
    except InputError as error:
        st.error(str(error), icon=":material/error:")
