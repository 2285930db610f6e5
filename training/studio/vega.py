# SPDX-License-Identifier: Apache-2.0
"""Parts of Vega-Lite specifications that several charts of the page Judge share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from device.bundle.manifest import Figure

Spec = dict[str, Any]

LINE: Final = "#0f766e"
MARK: Final = "#b45309"
QUIET: Final = "#64748b"
# A longer line looks no smoother and only takes longer to send.
MOST_POINTS: Final = 400


def thinned(
    points: Sequence[tuple[float, float]], most: int = MOST_POINTS
) -> list[tuple[float, float]]:
    """At most about `most` of the points, evenly chosen, the first and the last among them."""
    step = max(1, -(-len(points) // most))
    kept = list(points[::step])
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def interval(value: Figure) -> dict[str, float]:
    """A share with its interval as a row of data."""
    return {"value": value.value, "low": value.low, "high": value.high, "n": value.n}


def share_axis(field: str, title: str | None, *, bottom: float = 0.0, top: float = 1.0) -> Spec:
    """An axis in per cent."""
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "axis": {"format": ".0%", "tickCount": 5},
        "scale": {"domain": [bottom, top], "nice": False, "zero": False},
    }


def dot() -> Spec:
    """The mark of the one point that a chart is about."""
    return {"type": "point", "color": MARK, "filled": True, "size": 140, "opacity": 1}


def point_mark() -> Spec:
    """The mark of one point among others."""
    return {"type": "point", "color": LINE, "filled": True, "size": 70, "opacity": 1}


def rule(way: str, at: float, *, colour: str = QUIET) -> Spec:
    """A dashed line across the whole chart at one value of an axis."""
    return {
        "data": {"values": [{}]},
        "mark": {"type": "rule", "color": colour, "strokeDash": [4, 3]},
        "encoding": {way: {"datum": at}},
    }


def diagonal(place: Mapping[str, Spec], begin: float) -> Spec:
    """A dashed line from equal shares to equal shares."""
    x, y = place["x"]["field"], place["y"]["field"]
    return {
        "data": {"values": [{x: at, y: at} for at in (begin, 1.0)]},
        "mark": {"type": "line", "color": QUIET, "strokeDash": [4, 3], "strokeWidth": 1},
        "encoding": dict(place),
    }
