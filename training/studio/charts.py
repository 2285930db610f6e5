# SPDX-License-Identifier: Apache-2.0
"""The charts of a dataset: how many pictures by perceived gender, age and group."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import streamlit as st

GENDERS: Final = ("female", "male")
COLOURS: Final = ("#b45309", "#0f766e")

Counted = Sequence[tuple[str, str, int]]
"""Value of a field, perceived gender, pictures."""


def show_chart(chart: Any) -> None:
    """Put a chart on the page, as wide as there is room."""
    st.altair_chart(chart, width="stretch")


def genders(counts: Counted) -> Any:
    """One bar for each perceived gender, with its number."""
    base = alt.Chart(_values(counts, "kind"), height=190, title="Pictures by perceived gender")
    bars = base.mark_bar().encode(
        x=alt.X("pictures:Q", title="Pictures", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("gender:N", title=None, sort=GENDERS),
        color=_colour(legend=False),
    )
    words = base.mark_text(align="right", dx=-6, color="white", fontWeight="bold").encode(
        x="pictures:Q", y=alt.Y("gender:N", sort=GENDERS), text=alt.Text("pictures:Q", format=",")
    )
    return bars + words


def ages(counts: Counted, *, order: Sequence[str], title: str, axis: str) -> Any:
    """A histogram of ages, women and men side by side in each bin."""
    return (
        alt.Chart(_values(counts, "age"), height=340, title=title)
        .mark_bar()
        .encode(
            x=alt.X(
                "age:O",
                title=axis,
                scale=alt.Scale(domain=list(order)),  # bins without a picture too
                axis=alt.Axis(labelAngle=-45),
            ),
            y=alt.Y("pictures:Q", title="Pictures", axis=alt.Axis(tickMinStep=1)),
            xOffset=alt.XOffset("gender:N", sort=GENDERS),
            color=_colour(),
            tooltip=["age:O", "gender:N", "pictures:Q"],
        )
    )


def groups(counts: Counted) -> Any:
    """A pair of bars for each group."""
    rows = len({value for value, _, _ in counts})
    return (
        alt.Chart(
            _values(counts, "group"), height=130 + 44 * rows, title="Pictures by labelled race"
        )
        .mark_bar()
        .encode(
            x=alt.X("pictures:Q", title="Pictures", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("group:N", title=None, axis=alt.Axis(labelLimit=110)),
            yOffset=alt.YOffset("gender:N", sort=GENDERS),
            color=_colour(),
            tooltip=["group:N", "gender:N", "pictures:Q"],
        )
    )


def _colour(*, legend: bool = True) -> Any:
    """The same two colours for the same two words in every chart."""
    shown = alt.Legend(title="Perceived gender", orient="top") if legend else None
    scale = alt.Scale(domain=list(GENDERS), range=list(COLOURS))
    return alt.Color("gender:N", scale=scale, legend=shown)


def _values(counts: Counted, field: str) -> Any:
    rows = [{field: value, "gender": gender, "pictures": n} for value, gender, n in counts]
    return alt.InlineData(values=rows)
