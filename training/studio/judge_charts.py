# SPDX-License-Identifier: Apache-2.0
"""Charts of the page Judge as Vega-Lite specifications, which the browser draws.

Nothing in them hangs on colour alone.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from device.bundle.manifest import Figure
from training import metrics
from training.calibrate import MIN_COVERAGE, TARGET_ACCURACY
from training.metrics import Outcome
from training.operating import ANSWERS, LABELS, Roc, confusion, coverage
from training.studio.vega import (
    LINE,
    MARK,
    Spec,
    diagonal,
    dot,
    interval,
    point_mark,
    rule,
    share_axis,
    thinned,
)

HEIGHT: Final = 280
ROW_PIXELS: Final = 26
# Streamlit counts the axis and its words in the height of a chart.
AXIS_PIXELS: Final = 34
# Every name shown, each in the middle of its row or column.
NAMES: Final = {"labelOverlap": False, "labelFlush": False, "labelBound": False}


def confusion_chart(outcomes: Sequence[Outcome]) -> Spec:
    """Labels against answers: counts, and the share of each label, as a shaded table."""
    fields = [
        {
            "label": label,
            "answer": answer,
            "share": count / max(1, sum(row)),
            "count": f"{count:,}",
            "percent": f"{count / max(1, sum(row)):.0%}",
        }
        for label, row in zip(LABELS, confusion(outcomes), strict=True)
        for answer, count in zip(ANSWERS, row, strict=True)
    ]
    ink = {"condition": {"test": "datum.share > 0.55", "value": "white"}, "value": "#1b2a2f"}
    shade = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": ["#f1f5f4", LINE]},
        "legend": None,
    }
    across = {
        "field": "answer",
        "sort": list(ANSWERS),
        "title": "perceived gender, as answered",
        "axis": {**NAMES, "labelAngle": 0},
    }
    words = {"type": "text", "fontSize": 14}
    return {
        "data": {"values": fields},
        "height": HEIGHT,
        "encoding": {
            "x": across,
            "y": {"field": "label", "sort": list(LABELS), "title": "as labelled", "axis": NAMES},
        },
        "layer": [
            {"mark": {"type": "rect", "stroke": "white"}, "encoding": {"color": shade}},
            {
                "mark": {**words, "fontWeight": "bold", "dy": -9},
                "encoding": {"text": {"field": "count"}, "color": ink},
            },
            {
                "mark": {**words, "fontSize": 12, "dy": 9},
                "encoding": {"text": {"field": "percent"}, "color": ink},
            },
        ],
    }


def risk_chart(outcomes: Sequence[Outcome]) -> Spec:
    """Wrong answers as more is answered; the dot is where these outcomes stand."""
    covered, risk = metrics.risk_coverage(outcomes)
    points = [
        {"coverage": x, "risk": y}
        for x, y in thinned(list(zip(covered.tolist(), risk.tolist(), strict=True)))
    ]
    answered, right = coverage(outcomes)
    here = [{"coverage": answered.value, "risk": 1 - right.value}] if right.n else []
    # The first few pictures make a spike that would hide the rest.
    settled = [point["risk"] for point in points if point["coverage"] > 0.05]
    top = min(1.0, 1.15 * max([0.08, *settled, *(point["risk"] for point in here)]))
    place = {
        "x": share_axis("coverage", "pictures that are answered"),
        "y": share_axis("risk", "answers that are wrong", top=top),
    }
    tips = [
        {"field": "coverage", "format": ".1%", "title": "answered"},
        {"field": "risk", "format": ".1%", "title": "of them wrong"},
    ]
    return {
        "data": {"values": points},
        "height": HEIGHT,
        "layer": [
            {
                "mark": {"type": "line", "color": LINE, "clip": True},
                "encoding": {**place, "order": {"field": "coverage", "type": "quantitative"}},
            },
            rule("y", 1 - TARGET_ACCURACY),
            rule("x", MIN_COVERAGE),
            {"data": {"values": here}, "mark": dot(), "encoding": {**place, "tooltip": tips}},
        ],
    }


def roc_chart(curve: Roc) -> Spec:
    """Women found against men mistaken, over all thresholds; the dot is the even point."""
    pairs = thinned(list(zip(curve.mistaken, curve.found, strict=True)))
    place = {
        "x": share_axis("mistaken", "men called female"),
        "y": share_axis("found", "women found"),
    }
    return {
        "data": {
            "values": [{"mistaken": x, "found": y, "nr": i} for i, (x, y) in enumerate(pairs)]
        },
        "height": HEIGHT,
        "layer": [
            diagonal(place, 0.0),
            {
                "mark": {"type": "line", "color": LINE},
                "encoding": {**place, "order": {"field": "nr", "type": "quantitative"}},
            },
            {
                "data": {"values": [{"mistaken": curve.even[0], "found": curve.even[1]}]},
                "mark": dot(),
                "encoding": place,
            },
        ],
    }


def reliability_chart(outcomes: Sequence[Outcome]) -> Spec:
    """Accuracy at each confidence with its interval, against what honest confidence would show."""
    bins = [
        {"confidence": confidence, **interval(metrics.figure(round(share * n), n))}
        for confidence, share, n in metrics.reliability(outcomes)
    ]
    place = {
        "x": share_axis("confidence", "confidence", bottom=0.5),
        "y": share_axis("value", "answers that are right"),
    }
    tips = [
        {"field": "confidence", "format": ".1%", "title": "mean confidence"},
        {"field": "value", "format": ".1%", "title": "right"},
        {"field": "n", "title": "pictures"},
    ]
    return {
        "data": {"values": bins},
        "height": HEIGHT,
        "layer": [
            diagonal(place, 0.5),
            {
                "mark": {"type": "rule", "color": LINE, "strokeWidth": 2},
                "encoding": {**place, "y": {**place["y"], "field": "low"}, "y2": {"field": "high"}},
            },
            {"mark": point_mark(), "encoding": {**place, "tooltip": tips}},
        ],
    }


def group_chart(groups: Mapping[str, Figure], mean: float, *, lowest: float) -> Spec:
    """A dot with its interval for each group, how many pictures it has, and the mean as a line.

    Args:
        groups: by the words that name them, in the order to show.
        mean: accuracy over all pictures.
        lowest: where the axis begins, the same for charts that are compared.
    """
    rows = [
        {"group": f"{name}: {value.value:.0%} of {value.n:,}", **interval(value)}
        for name, value in groups.items()
    ]
    across = share_axis("value", None, bottom=lowest)
    down = {
        "field": "group",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {**NAMES, "labelLimit": 240, "domain": False, "ticks": False},
    }
    tips = [
        {"field": "group", "title": "group"},
        {"field": "low", "format": ".1%", "title": "from"},
        {"field": "high", "format": ".1%", "title": "to"},
    ]
    return {
        "data": {"values": rows},
        "height": len(rows) * ROW_PIXELS + AXIS_PIXELS,
        "layer": [
            rule("x", mean, colour=MARK),
            {
                "mark": {"type": "rule", "color": LINE, "strokeWidth": 2},
                "encoding": {
                    "x": {**across, "field": "low"},
                    "x2": {"field": "high"},
                    "y": down,
                    "tooltip": tips,
                },
            },
            {"mark": point_mark(), "encoding": {"x": across, "y": down, "tooltip": tips}},
        ],
    }
