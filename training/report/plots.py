# SPDX-License-Identifier: Apache-2.0
"""How the model decides, drawn: curves, confusion, ROC, reliability, risk and coverage."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.ticker import MaxNLocator, PercentFormatter

from device.bundle.manifest import ClassifierDecision, Fitting
from training import metrics, operating
from training.calibrate import threshold_rule
from training.evaluate import Measured
from training.operating import ANSWERS, LABELS
from training.report.drawing import BLUE, GREY, LIGHT, ORANGE, canvas, whiskers


def confusion(path: Path, measured: Measured) -> None:
    """Labels against results, with unsure and not found as results of their own."""
    counts = operating.confusion(measured.outcomes)
    shares = [[n / max(1, sum(row)) for n in row] for row in counts]
    with canvas(path, measured.figures.name, size=(6, 3.2)) as axes:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for i, row in enumerate(counts):
            for j, count in enumerate(row):
                ink = "white" if shares[i][j] > 0.5 else "black"
                text = f"{count}\n{shares[i][j]:.1%}"
                axes.text(j, i, text, ha="center", va="center", color=ink)
        axes.set_xticks(range(len(ANSWERS)), ANSWERS)
        axes.set_yticks(range(len(LABELS)), LABELS)
        axes.set_xlabel("perceived gender, as answered")
        axes.set_ylabel("as labelled")


def roc(path: Path, measured: Measured) -> None:
    """Share of women found against share of men mistaken, over all thresholds, found faces."""
    found = operating.roc(measured.outcomes)
    with canvas(path, measured.figures.name, size=(5, 4.6)) as axes:
        axes.plot(
            found.mistaken,
            found.found,
            color=BLUE,
            label=f"area under the curve {found.area:.4f}",
        )
        axes.plot(
            *found.even,
            "o",
            color=ORANGE,
            label=f"even point: {found.even[1]:.1%} of women found,\n"
            f"{found.even[0]:.1%} of men mistaken",
        )
        axes.plot((0, 1), (0, 1), ":", color=GREY, label="guessing")
        _shares(axes, "men called female", "women called female")
        axes.legend(loc="lower right")


def reliability(path: Path, measured: Measured) -> None:
    """Accuracy against confidence, with how many pictures each bin holds."""
    rows = metrics.reliability(measured.outcomes)
    confidence = [row[0] for row in rows]
    shares = [metrics.figure(round(row[1] * row[2]), row[2]) for row in rows]
    title = f"{measured.figures.name}\nECE {measured.figures.ece:.4f} over 15 bins, found faces"
    ratios = {"height_ratios": (3, 1)}
    with canvas(path, title, rows=2, size=(5, 5.4), sharex=True, gridspec_kw=ratios) as (top, low):
        top.plot((0.5, 1), (0.5, 1), ":", color=GREY, label="perfect")
        top.errorbar(
            confidence,
            [s.value for s in shares],
            yerr=whiskers(shares),
            fmt="o-",
            color=BLUE,
            capsize=2,
            label="this model, 95 % intervals",
        )
        top.set_ylabel("accuracy in the bin")
        top.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        top.legend(loc="upper left")
        low.bar(confidence, [s.n for s in shares], width=0.03, color=BLUE)
        for x, share in zip(confidence, shares, strict=True):
            low.text(x, share.n, str(share.n), ha="center", va="bottom", fontsize=8)
        low.set_ylim(0, 1.25 * max((s.n for s in shares), default=1))
        low.set_ylabel("pictures")
        low.set_xlabel("confidence (mean of the bin)")
        low.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def risk_coverage(path: Path, measured: Measured, decision: ClassifierDecision) -> None:
    """Wrong answers as more is answered; the threshold and the rule that chose it."""
    coverage, risk = metrics.risk_coverage(measured.outcomes)
    answered = [o for o in measured.outcomes if o.sure]
    at = len(answered) / max(1, len(measured.outcomes))
    wrong = sum(not o.right for o in answered) / max(1, len(answered))
    with canvas(path, measured.figures.name, size=(5.6, 4.8)) as axes:
        axes.plot(coverage, risk, color=BLUE)
        label = f"unsure below {decision.min_confidence}:\n{at:.1%} answered, {wrong:.1%} wrong"
        axes.plot(at, wrong, "o", color=ORANGE, label=label)
        if decision.fitting is not None:
            _bounds(axes, decision.fitting)
        # The first few pictures make a spike that would hide the rest.
        settled = risk[coverage > 0.05]
        axes.set_ylim(0, 1.15 * max(0.08, wrong, float(settled.max()) if len(settled) else 0.0))
        _shares(axes, "coverage: pictures answered", "risk: answers that are wrong")
        axes.legend(loc="upper left")


def _bounds(axes: Any, fitting: Fitting) -> None:
    """The rule by which the threshold was chosen, as lines and in words."""
    axes.axhline(1 - fitting.target_accuracy, ls=":", color=GREY)
    axes.axvline(fitting.min_coverage, ls=":", color=GREY, label="the rule's bounds")
    rule = f"Threshold, chosen on held-out training pictures: {threshold_rule(fitting)}."
    axes.text(
        0,
        -0.17,
        "\n".join(textwrap.wrap(rule, 88)),
        transform=axes.transAxes,
        fontsize=8,
        color=GREY,
        va="top",
    )


def curves(path: Path, epochs: Sequence[Mapping[str, str]]) -> None:
    """Loss and accuracy after every epoch, with the training's phases."""
    numbers = [int(row["epoch"]) for row in epochs]
    with canvas(path, "training of the float model", columns=2, size=(9, 3.8)) as panels:
        for axes, what in zip(panels, ("loss", "accuracy"), strict=True):
            axes.plot(
                numbers,
                [float(r[what]) for r in epochs],
                ".--",
                color=GREY,
                label="training (augmented)",
            )
            axes.plot(
                numbers,
                [float(r[f"select_{what}"]) for r in epochs],
                ".-",
                color=BLUE,
                label="select split (held out)",
            )
            for i, row in enumerate(epochs):
                if i and epochs[i - 1]["phase"] == row["phase"]:
                    continue
                start = int(row["epoch"]) - 0.5
                axes.axvline(start, color=LIGHT, zorder=0)
                axes.text(
                    start,
                    1.01,
                    row["phase"],
                    transform=axes.get_xaxis_transform(),
                    rotation=30,
                    fontsize=8,
                    color=GREY,
                )
            axes.set_xlabel("epoch")
            axes.set_ylabel(what)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[1].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panels[1].legend(loc="lower right")


def _shares(axes: Any, across: str, up: str) -> None:
    """Both axes in per cent."""
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
