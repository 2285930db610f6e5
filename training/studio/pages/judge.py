# SPDX-License-Identifier: Apache-2.0
"""Judge: how well an exported run does on pictures that it was not trained on."""

import streamlit as st

from training import metrics, operating
from training.evaluate import Measured
from training.mistakes import worst
from training.studio import judge_charts, markup
from training.studio.choosing import choose_run
from training.studio.exporting import judged
from training.studio.home import Home
from training.studio.judging import PEOPLE, Judgement, axis_start, by_kind, shares, told_of
from training.studio.mistaken import Crops, figures
from training.studio.tiles import Tile, tiles

MOST_SHOWN = 12


def show(home: Home) -> None:
    """The page."""
    run = choose_run(home)
    found = judged(home, run) if run is not None else None
    if found is None:
        return
    measured = _choose_set(found)
    st.info(told_of(measured), icon=":material/visibility_off:")
    _headline(measured)
    _deciding(found, measured)
    _separating(measured)
    _groups(measured)
    _int8(found)
    _mistakes(Crops(home, found.prepared, classifier=found.bundle), measured)


def _choose_set(found: Judgement) -> Measured:
    """The test set to show: the first, unless the person chooses another."""
    if len(found.sets) == 1:
        return found.sets[0]
    names = [one.figures.name for one in found.sets]
    name = st.segmented_control("Measured on", names, default=names[0], required=True)
    return next((one for one in found.sets if one.figures.name == name), found.sets[0])


def _headline(measured: Measured) -> None:
    told = measured.figures
    people = [Tile("Right, of all", f"{told.accuracy.value:.1%}", shares(told.accuracy))]
    for label, word in PEOPLE.items():
        value = told.groups.get(f"gender {label}")
        title = f"Right, of {word}"
        missing = Tile(title, "none", f"no picture here is labelled {label}")
        people.append(Tile(title, f"{value.value:.1%}", shares(value)) if value else missing)
    honest = "mean distance of confidence and accuracy; 0 is best"
    tiles([*people, Tile("Calibration error", f"{told.ece or 0:.3f}", honest)])


@st.fragment
def _deciding(found: Judgement, measured: Measured) -> None:
    """The threshold of unsure as a slider, and what it would do."""
    st.subheader("When to say unsure")
    own = found.decision.min_confidence
    st.write(
        "Below its threshold the model answers *unsure* instead of a perceived gender. This "
        f"bundle's own threshold is {own:.1%}; move the slider to see what another would do. The "
        "bundle stays as it is."
    )
    chosen = st.slider(
        "Confidence from which it answers",
        min_value=50.0,
        max_value=100.0,
        value=round(100 * own, 1),
        step=0.1,
        format="%.1f %%",
        key=f"threshold {found.bundle.identity} {measured.figures.name}",
    )
    exact = own if chosen == round(100 * own, 1) else chosen / 100
    outcomes = operating.with_threshold(measured.outcomes, exact)
    answered, right = operating.coverage(outcomes)
    missed = sum(one.female is None for one in outcomes)
    unsure = len(outcomes) - missed - sum(one.sure for one in outcomes)
    nothing = Tile("Answers that are right", "-", "nothing is answered")
    tiles(
        [
            Tile("Answered", f"{answered.value:.1%}", shares(answered)),
            Tile("Answers that are right", f"{right.value:.1%}", shares(right))
            if right.n
            else nothing,
            Tile("Unsure", f"{unsure:,}", f"of {len(outcomes):,}; no face found in {missed:,}"),
        ]
    )
    left, side = st.columns(2)
    with left:
        st.markdown("**Labels against answers**")
        st.vega_lite_chart(spec=judge_charts.confusion_chart(outcomes), width="stretch")
    with side:
        st.markdown("**Wrong answers as more is answered**")
        st.vega_lite_chart(spec=judge_charts.risk_chart(outcomes), width="stretch")
        st.caption("The dot is the slider's threshold; dashed: the goals that the export aims at.")


def _separating(measured: Measured) -> None:
    left, right = st.columns(2)
    with left:
        st.subheader("How well it tells apart")
        if operating.both_labels(measured.outcomes):
            curve = operating.roc(measured.outcomes)
            st.vega_lite_chart(spec=judge_charts.roc_chart(curve), width="stretch")
            st.caption(
                f"ROC over all thresholds: area under the curve {curve.area:.3f} (guessing: 0.5). "
                f"The dot: {curve.even[1]:.1%} of the women found, {curve.even[0]:.1%} of the men "
                "mistaken."
            )
        else:
            st.info("A ROC needs found faces of both labels, and these pictures show only one.")
    with right:
        st.subheader("Whether its confidence is honest")
        if metrics.reliability(measured.outcomes):
            chart = judge_charts.reliability_chart(measured.outcomes)
            st.vega_lite_chart(spec=chart, width="stretch")
            st.caption(
                "Share of right answers at each confidence, with 95 % intervals. On the dashed "
                "line 90 % confidence means right nine times in ten."
            )
        else:
            st.info("No face was found, so there is no confidence to judge.")


def _groups(measured: Measured) -> None:
    st.subheader("How fair it is")
    kinds = by_kind(measured.figures.groups)
    mean = measured.figures.accuracy.value
    st.caption(
        "Accuracy in each group as labelled, with 95 % intervals; dashed: all pictures, "
        f"{mean:.1%}. Wide intervals mean few pictures, and say little."
    )
    lowest = axis_start(value for groups in kinds.values() for value in groups.values())
    for heading, groups in kinds.items():
        st.markdown(f"**{heading}**")
        chart = judge_charts.group_chart(groups, mean, lowest=lowest)
        st.vega_lite_chart(spec=chart, width="stretch")


def _int8(found: Judgement) -> None:
    st.subheader("int8 against float")
    told = found.evidence.quantisation
    if told is None:
        st.info("int8 was not compared with float in this export.")
        return
    size = f"{found.bundle.manifest.model_bytes / 1e6:.2f} MB"
    tiles(
        [
            Tile("Float, as trained", f"{told.float_accuracy:.1%}", "right"),
            Tile("int8, as the device runs it", f"{told.int8_accuracy:.1%}", f"right; {size}"),
            Tile("Same answer", f"{told.same_label:.1%}", "of the faces"),
        ]
    )
    st.caption(f"On the same {told.n:,} faces of **{found.sets[0].figures.name}**.")


def _mistakes(crops: Crops, measured: Measured) -> None:
    st.subheader("The worst mistakes")
    chosen = worst(measured.outcomes, MOST_SHOWN)
    if not chosen:
        st.success("No found face was called wrongly.", icon=":material/check:")
        return
    wrong = sum(one.female is not None and not one.right for one in measured.outcomes)
    st.caption(
        f"{len(chosen)} of {wrong:,} mistakes, the most confident first, as the crops that the "
        "model saw. They are shown on this machine only and are not part of the bundle. Some "
        "labels are wrong, too."
    )
    shown = list(figures(crops, measured, chosen))
    if all(one.uri is None for one in shown):
        st.caption("Their pictures are not among those of the studio, so only the words are here.")
    markup.grid(shown)
