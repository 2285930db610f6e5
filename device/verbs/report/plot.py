# SPDX-License-Identifier: Apache-2.0
"""The report as a PNG: the one door to matplotlib, loaded only when a plot is asked for."""

import importlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.errors import InputError, RuntimeMissingError
from device.verbs.report.rows import Period, Report, Row, period_name, unknown_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by colour-blind people and, by its lightness, in grey.
_SERIES = (("female", "#E69F00"), ("male", "#0072B2"), ("unsure", "#BBBBBB"))
_WIDTHS: dict[Period, timedelta] = {
    "quarter": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_INK = "#333333"
_LEAST_WIDTHS = 8  # a single bar must not fill the picture
_SIZE_INCHES = (10.0, 5.0)
_DOTS_PER_INCH = 150


def save_plot(report: Report, path: Path) -> None:
    """Write the report as stacked bars, 1500 x 750 pixels.

    Raises:
        RuntimeMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 heavy, optional
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise RuntimeMissingError(
            "a plot needs matplotlib, which is not installed: pip install 'passerby[plot]'"
        ) from error
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw_bars(axes, report)
    _dress(axes, report)
    if report.unknown.total:
        figure.supxlabel(_footnote(report), fontsize=8, color=_INK)
    try:
        figure.savefig(path, dpi=_DOTS_PER_INCH, format="png")
    except OSError as error:
        raise InputError(
            f"the plot cannot be written to {path} ({error.strerror}): name a file in a folder that"
            " exists and can be written"
        ) from error


def _draw_bars(axes: "Axes", report: Report) -> None:
    bars = _by_wall_time(report.rows)
    width = _WIDTHS[report.by]
    dates: Any = importlib.import_module("matplotlib.dates")  # its functions are not typed
    # A day's bar stands on its date; hours lie between the hours that bound them.
    shift = timedelta() if report.by == "day" else width / 2
    middles: list[float] = [dates.date2num(start + shift) for start in bars]
    days = width / timedelta(days=1)
    axes.xaxis_date()
    if bars:
        spare = max(1.0, (_LEAST_WIDTHS - len(bars)) / 2) * days
        axes.set_xlim(middles[0] - spare, middles[-1] + spare)
    base = [0] * len(bars)
    for name, colour in _SERIES:
        heights = [getattr(row, name) for row in bars.values()]
        total = getattr(report.total, name)
        label = f"perceived {name} ({total:,})" if name != "unsure" else f"unsure ({total:,})"
        axes.bar(
            middles,
            heights,
            bottom=base,
            width=0.86 * days,
            color=colour,
            label=label,
            linewidth=0,
            zorder=2,
        )
        base = [low + high for low, high in zip(base, heights, strict=True)]


def _dress(axes: "Axes", report: Report) -> None:
    """Title, axes, grid and legend."""
    dates: Any = importlib.import_module("matplotlib.dates")
    ticker: Any = importlib.import_module("matplotlib.ticker")
    name = period_name(report.by)
    axes.set_title(
        f"Visits per {name}, by perceived gender",
        loc="left",
        fontsize=14,
        fontweight="bold",
        color=_INK,
        pad=34,
    )
    if report.rows:
        locator = dates.AutoDateLocator(minticks=3, maxticks=10)
        axes.xaxis.set_major_locator(locator)
        formats = ["%Y", "%b %Y", "%-d %b", "%H:%M", "%H:%M", "%S"]
        axes.xaxis.set_major_formatter(
            dates.ConciseDateFormatter(
                locator, formats=formats, zero_formats=["", "%Y", "%b %Y", "%-d %b", "%H:%M", ""]
            )
        )
        axes.legend(loc="lower left", bbox_to_anchor=(-0.008, 1.0), ncols=3, frameon=False)
    else:
        none = "no visits of known time" if report.unknown.total else "no visits"
        axes.text(0.5, 0.5, none, transform=axes.transAxes, ha="center", color=_INK)
        axes.set_xticks([])
    axes.set_xlabel("local time", color=_INK)
    axes.set_ylabel(f"visits per {name}", color=_INK)
    axes.yaxis.set_major_locator(ticker.MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
    highest = max((row.total for row in _by_wall_time(report.rows).values()), default=0)
    axes.set_ylim(0, max(1.0, highest * 1.06))
    axes.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0, pad=6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _by_wall_time(rows: tuple[Row, ...]) -> dict[datetime, Row]:
    """Rows by what the clock on the wall showed: the hour that summer time repeats is one bar."""
    bars: dict[datetime, Row] = {}
    for row in rows:
        if row.start is not None:
            shown = row.start.replace(tzinfo=None)
            bars[shown] = bars.get(shown, Row(shown)).plus(row)
    return bars


def _footnote(report: Report) -> str:
    if not report.unknown_in_total:
        return unknown_note(report)
    return f"{report.unknown.total:,} of {report.total.total:,} visits have no known time of day."
