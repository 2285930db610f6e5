# SPDX-License-Identifier: Apache-2.0
"""Accuracy by group, drawn with Wilson's intervals."""

import itertools
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from training import metrics
from training.datasets.wording import AGE_BANDS
from training.evaluate import Measured
from training.report.drawing import BLUE, GREY, ORANGE, canvas, whiskers

# Under so many pictures a share is noise: shown pale.
FEW: Final = 30
YEARS_EACH_WAY: Final = 2
FEW_OF_AGE: Final = 10


def groups(path: Path, measured: Measured) -> None:
    """A dot with its interval for each group, the mean over all as a line."""
    found = measured.figures.groups
    order = {"gender": 0, "race": 1, "cell": 2, "ages": 3, "age": 4}
    bands = {band: f"{i:02d}" for i, band in enumerate(AGE_BANDS)}

    def place(name: str) -> tuple[int, str]:
        kind, _, word = name.partition(" ")
        return order[kind], bands.get(word, word)

    names = sorted(found, key=place)
    values = [found[name] for name in names]
    height = range(len(names))
    mean = measured.figures.accuracy.value
    with canvas(path, measured.figures.name, size=(7, 1.4 + 0.24 * len(names))) as axes:
        axes.axvline(mean, color=ORANGE, label=f"all pictures: {mean:.1%}")
        axes.errorbar(
            [v.value for v in values],
            height,
            xerr=whiskers(values),
            fmt="o",
            color=BLUE,
            capsize=2,
            ms=4,
            label="95 % intervals",
        )
        for y, value in zip(height, values, strict=True):
            axes.text(
                1.01,
                y,
                f"{value.value:.1%}   n {value.n}",
                va="center",
                fontsize=8,
                transform=axes.get_yaxis_transform(),
            )
        for y, (one, after) in enumerate(itertools.pairwise(names)):
            if place(one)[0] != place(after)[0]:
                axes.axhline(y + 0.5, color=GREY, lw=0.5)
        axes.set_yticks(height, [name.removeprefix("cell ") for name in names], fontsize=8)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_xlabel("accuracy by perceived gender, race, both, and age band")
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8, frameon=False)


def cells(path: Path, measured: Measured) -> None:
    """Race x perceived gender against age band: accuracy, interval and count in each field."""
    found = metrics.by_cell(measured.outcomes)
    rows = sorted({cell[:2] for cell in found})
    columns = [band for band in AGE_BANDS if any(cell[2] == band for cell in found)]
    shares = np.full((len(rows), len(columns)), np.nan)
    title = f"{measured.figures.name}: accuracy, 95 % interval and count; pale under {FEW} pictures"
    size = (2.4 + 1.05 * len(columns), 1.3 + 0.52 * len(rows))
    with canvas(path, title, size=size) as axes:
        opacity = np.zeros_like(shares)
        for (race, gender, band), value in found.items():
            i, j = rows.index((race, gender)), columns.index(band)
            shares[i, j], few = value.value, value.n < FEW
            opacity[i, j] = 0.35 if few else 1.0
            ink = "white" if value.value < 0.6 and not few else "black"
            axes.text(j, i, f"{value.value:.0%}", ha="center", va="bottom", color=ink, fontsize=10)
            detail = f"{value.low:.0%}\u2013{value.high:.0%}  n {value.n}"
            axes.text(j, i + 0.08, detail, ha="center", va="top", color=ink, fontsize=6.5)
        axes.imshow(shares, cmap="cividis", vmin=0.4, vmax=1, aspect="auto", alpha=opacity)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), [" ".join(row) for row in rows], fontsize=9)
        axes.set_xlabel("age band")


def ages(path: Path, measured: Measured) -> None:
    """Accuracy over five years at a time, by perceived gender."""
    with canvas(path, measured.figures.name, size=(7, 4)) as axes:
        for gender, colour in (("female", ORANGE), ("male", BLUE)):
            known = [o for o in measured.outcomes if o.age_years is not None and o.truth == gender]
            years = range(
                min((o.age_years or 0 for o in known), default=0),
                max((o.age_years or 0 for o in known), default=-1) + 1,
            )
            near = [
                metrics.accuracy(
                    o for o in known if abs((o.age_years or 0) - age) <= YEARS_EACH_WAY
                )
                for age in years
            ]
            value, low, high = (
                [getattr(v, part) if v.n >= FEW_OF_AGE else np.nan for v in near]
                for part in ("value", "low", "high")
            )
            axes.plot(years, value, color=colour, label=gender)
            axes.fill_between(years, low, high, alpha=0.15, color=colour, lw=0)
        axes.set_xlabel(
            f"age as labelled, in years, with {YEARS_EACH_WAY} either way; "
            f"gaps: under {FEW_OF_AGE} pictures"
        )
        axes.set_ylabel("accuracy, 95 % interval")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(loc="lower right")
