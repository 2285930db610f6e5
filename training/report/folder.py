# SPDX-License-Identifier: Apache-2.0
"""Writes the report: every file of training/report/contents.py, every time."""

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from device.bundle.manifest import ClassifierDecision
from training import metrics, operating
from training.evaluate import Measured
from training.prepared import Row
from training.report import drawing, group_plots, plots
from training.report.contents import SPLIT, write_absence, write_contents, write_table
from training.report.splits import write_splits

FIGURE = ("n", "accuracy", "low", "high")
NO_RACE = "its labels name no race and age band together"
NO_YEARS = "its labels name no age in years"


def write_report(
    folder: Path,
    results: Sequence[Measured],
    *,
    decision: ClassifierDecision,
    history: Path | None,
    rows: Sequence[Row] | None,
    local: bool = False,
) -> None:
    """Write figures, tables and plots; the plots show the first of `results`.

    Args:
        folder: made if missing; files of the same names are replaced.
        results: each test set's figures with its outcomes.
        decision: that of the bundle, drawn where it shows.
        history: the training's history.csv, or None where there is none.
        rows: what the model was trained on and held out from, or None where that is not known.
        local: whether the caller adds the files that no bundle may hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    absent = {
        **_tables(folder, results),
        **_history(folder, history),
        **_splits(folder, rows),
        **_plots(folder, results[0], decision),
    }
    write_contents(folder, results[0].figures.name, absent, local=local)


def _tables(folder: Path, results: Sequence[Measured]) -> dict[str, str]:
    """Figures, groups, cells, ages and what was left out, of all test sets."""
    figures = [msgspec.to_builtins(one.figures) for one in results]
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    write_table(
        folder / "groups.csv",
        ("test_set", "group", *FIGURE),
        (
            (one.figures.name, group, *msgspec.structs.astuple(value))
            for one in results
            for group, value in one.figures.groups.items()
        ),
    )
    cells = [
        (one.figures.name, *cell, *msgspec.structs.astuple(value))
        for one in results
        for cell, value in metrics.by_cell(one.outcomes).items()
    ]
    ages = [
        (one.figures.name, age, *msgspec.structs.astuple(value))
        for one in results
        for age, value in metrics.by_year(one.outcomes).items()
    ]
    write_table(
        folder / "dropped.csv",
        ("test_set", "picture", "kind", "reason"),
        ((one.figures.name, d.name, d.kind, d.reason) for one in results for d in one.dropped),
    )
    header = ("test_set", "race", "perceived_gender", "age_band", *FIGURE)
    return {
        **_optional(folder / "cells.csv", header, cells, NO_RACE),
        **_optional(folder / "ages.csv", ("test_set", "age", *FIGURE), ages, NO_YEARS),
    }


def _optional(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], reason: str
) -> dict[str, str]:
    """A table, or why there is none."""
    if rows:
        write_table(path, header, rows)
        return {}
    write_absence(path, reason)
    return {path.name: reason}


def _history(folder: Path, history: Path | None) -> dict[str, str]:
    reason = "no training history was at hand"
    if history is not None:
        with history.open(newline="", encoding="utf-8") as file:
            epochs = list(csv.DictReader(file))
        if epochs and "epoch" in epochs[0]:
            shutil.copyfile(history, folder / "history.csv")
            plots.curves(folder / "curves.png", epochs)
            return {}
    write_absence(folder / "history.csv", reason)
    drawing.absence(folder / "curves.png", reason)
    return {"history.csv": reason, "curves.png": reason}


def _splits(folder: Path, rows: Sequence[Row] | None) -> dict[str, str]:
    if rows is not None:
        write_splits(folder / SPLIT, rows)
        return {}
    (folder / SPLIT).unlink(missing_ok=True)  # of an earlier report in this folder
    return {SPLIT: "the bundle's own report has it; this one measured another set of pictures"}


def _plots(folder: Path, measured: Measured, decision: ClassifierDecision) -> dict[str, str]:
    """Draw the first test set; returns why a picture could not be drawn."""
    plots.confusion(folder / "confusion.png", measured)
    plots.reliability(folder / "reliability.png", measured)
    plots.risk_coverage(folder / "risk_coverage.png", measured, decision)
    group_plots.groups(folder / "groups.png", measured)
    absent = {}
    if not operating.both_labels(measured.outcomes):
        absent["roc.png"] = "faces of both labels are needed"
    else:
        plots.roc(folder / "roc.png", measured)
    if metrics.by_cell(measured.outcomes):
        group_plots.cells(folder / "cells.png", measured)
    else:
        absent["cells.png"] = NO_RACE
    if metrics.by_year(measured.outcomes):
        group_plots.ages(folder / "ages.png", measured)
    else:
        absent["ages.png"] = NO_YEARS
    for name, reason in absent.items():
        drawing.absence(folder / name, f"{measured.figures.name}: {reason}")
    return absent
