# SPDX-License-Identifier: Apache-2.0
"""The evidence folder: the same file names after every run, plots and tables."""

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")  # no screen on a workstation's SSH session

import msgspec
from matplotlib import pyplot as plt

from device.bundle.manifest import EvaluatedSet
from training.metrics import Outcome, reliability, risk_coverage

# Okabe and Ito's palette: told apart by colour-blind readers too.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
LABELS: Final = ("female", "male")


def write_report(
    folder: Path, results: Sequence[tuple[EvaluatedSet, list[Outcome]]], *, history: Path | None
) -> None:
    """Write figures, tables and plots; the plots show the first of `results`.

    Args:
        folder: made if missing; files of the same names are replaced.
        results: each test set's figures with its outcomes.
        history: the training's history.csv, or None where there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = [msgspec.to_builtins(evaluated) for evaluated, _ in results]
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    with (folder / "groups.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("test_set", "group", "n", "accuracy", "low", "high"))
        for evaluated, _ in results:
            for group, value in evaluated.groups.items():
                writer.writerow(
                    (evaluated.name, group, value.n, value.value, value.low, value.high)
                )
    title, outcomes = results[0][0].name, results[0][1]
    _save(folder / "confusion.png", _confusion, title, outcomes)
    _save(folder / "roc.png", _roc, title, outcomes)
    _save(folder / "reliability.png", _reliability, title, outcomes)
    _save(folder / "risk_coverage.png", _risk_coverage, title, outcomes)
    if history is not None:
        shutil.copyfile(history, folder / "history.csv")
        with history.open(newline="") as file:
            _save(folder / "curves.png", _curves, "training", list(csv.DictReader(file)))


def _save(path: Path, draw: Any, title: str, data: Any) -> None:
    figure, axes = plt.subplots(figsize=(5, 4), dpi=100, layout="constrained")
    draw(axes, data)
    axes.set_title(title)
    # Without the date and version that matplotlib adds, the same figures give the same bytes.
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _confusion(axes: Any, outcomes: list[Outcome]) -> None:
    """Labels against results, with unsure and not found as results of their own."""
    columns = ("female", "male", "unsure", "no face")
    counts = [[0] * len(columns) for _ in LABELS]
    for one in outcomes:
        if one.female is None:
            column = 3
        elif not one.sure:
            column = 2
        else:
            column = 0 if one.female >= 0.5 else 1
        counts[LABELS.index(one.truth)][column] += 1
    axes.imshow(counts, cmap="Blues")
    top = max(max(row) for row in counts)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            axes.text(j, i, count, ha="center", color="white" if count > top / 2 else "black")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(LABELS)), LABELS)
    axes.set_xlabel("perceived gender, as answered")
    axes.set_ylabel("perceived gender, as labelled")


def _roc(axes: Any, outcomes: list[Outcome]) -> None:
    """Share of women found against share of men mistaken, over all thresholds, found faces."""
    found = sorted((o for o in outcomes if o.female is not None), key=lambda o: -(o.female or 0))
    women = sum(o.truth == "female" for o in found) or 1
    men = len(found) - women or 1
    hits, alarms, area = [0.0], [0.0], 0.0
    for one in found:
        female = one.truth == "female"
        hits.append(hits[-1] + female / women)
        alarms.append(alarms[-1] + (not female) / men)
        area += hits[-1] * (alarms[-1] - alarms[-2])
    axes.plot(alarms, hits, color=BLUE, label=f"area {area:.4f}")
    axes.plot((0, 1), (0, 1), ":", color=GREY)
    axes.set_xlabel("men called female (share)")
    axes.set_ylabel("women called female (share)")
    axes.legend(loc="lower right")


def _reliability(axes: Any, outcomes: list[Outcome]) -> None:
    rows = reliability(outcomes)
    axes.plot((0.5, 1), (0.5, 1), ":", color=GREY, label="perfect")
    axes.plot([r[0] for r in rows], [r[1] for r in rows], "o-", color=BLUE, label="this model")
    axes.set_xlabel("confidence (mean of bin)")
    axes.set_ylabel("accuracy (of bin)")
    axes.legend()


def _risk_coverage(axes: Any, outcomes: list[Outcome]) -> None:
    coverage, risk = risk_coverage(outcomes)
    axes.plot(coverage, risk, color=BLUE)
    answered = [o for o in outcomes if o.sure]
    if answered:
        at = len(answered) / len(outcomes)
        wrong = sum(not o.right for o in answered) / len(answered)
        axes.plot(at, wrong, "o", color=ORANGE, label=f"as shipped: {at:.1%} at {wrong:.1%} wrong")
        axes.legend()
    axes.set_xlabel("coverage (share of pictures answered)")
    axes.set_ylabel("risk (share of answers wrong)")
    axes.set_ylim(bottom=0)


def _curves(axes: Any, rows: list[dict[str, str]]) -> None:
    epochs = [int(row["epoch"]) for row in rows]
    axes.plot(epochs, [float(r["accuracy"]) for r in rows], "--", color=GREY, label="train")
    axes.plot(epochs, [float(r["select_accuracy"]) for r in rows], color=BLUE, label="select")
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy, float model (train is augmented)")
    axes.legend(loc="lower right")
