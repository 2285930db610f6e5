# SPDX-License-Identifier: Apache-2.0
"""The charts of a run and of several runs side by side."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import altair as alt

from training.studio.curves import Course, Point

TRAINING: Final = "training"
HELD_OUT: Final = "held out"
COLOURS: Final = {TRAINING: "#64748b", HELD_OUT: "#0f766e"}

Figure = Literal["accuracy", "loss"]


def curve(course: Course, figure: Figure) -> Any:
    """One figure over the epochs: on the pictures trained on, and on those held out."""
    within = course.running or tuple(each.training for each in course.epochs)
    rows = _rows(within, figure, TRAINING)
    rows += _rows([each.held_out for each in course.epochs], figure, HELD_OUT)
    title = "Accuracy" if figure == "accuracy" else "Loss"
    colour = alt.Color(
        "on:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=alt.Legend(title=None, orient="top"),
    )
    base = alt.Chart(alt.InlineData(values=rows), height=320, title=title).encode(
        x=_epochs(rows), y=_figure(figure), color=colour
    )
    held_out = base.transform_filter(alt.datum.on == HELD_OUT)
    return base.mark_line(strokeWidth=2) + held_out.mark_point(filled=True, size=45)


def compared(courses: Mapping[str, Course]) -> Any:
    """The accuracy of several runs on held-out pictures."""
    rows = [
        {**row, "run": name}
        for name, course in courses.items()
        for row in _rows([each.held_out for each in course.epochs], "accuracy", HELD_OUT)
    ]
    legend = alt.Legend(title=None, orient="top", columns=2)
    base = alt.Chart(
        alt.InlineData(values=rows), height=340, title="Accuracy on held-out pictures"
    ).encode(x=_epochs(rows), y=_figure("accuracy"), color=alt.Color("run:N", legend=legend))
    return base.mark_line(strokeWidth=2) + base.mark_point(filled=True, size=45)


def _epochs(rows: Sequence[dict[str, Any]]) -> Any:
    """As far as the rows go: all that is to come would squeeze what there is."""
    last = math.ceil(max((row["epoch"] for row in rows), default=1))
    return alt.X(
        "epoch:Q",
        title="Epoch",
        scale=alt.Scale(domain=[0, max(1, last)], nice=False),
        axis=alt.Axis(tickMinStep=1, format="d"),
    )


def _figure(figure: Figure) -> Any:
    if figure == "accuracy":
        return alt.Y("accuracy:Q", title=None, scale=alt.Scale(zero=False), axis=_per_cent())
    return alt.Y("loss:Q", title=None, scale=alt.Scale(zero=False))


def _per_cent() -> Any:
    return alt.Axis(format=".0%")


def _rows(points: Sequence[Point], figure: Figure, on: str) -> list[dict[str, Any]]:
    values = [(point.at, getattr(point, figure)) for point in points]
    return [{"epoch": at, figure: value, "on": on} for at, value in values if value is not None]
