# SPDX-License-Identifier: Apache-2.0
"""Which face of this frame continues which track: greedy matching in two rounds. Pure.

The first round goes by overlap with the place where a track is predicted, as in SORT (Bewley et
al. 2016, arXiv 1602.00763). The second bridges what overlap cannot: someone so quick that one
frame's box no longer touches the next, and a prediction that has drifted during a gap. There the
distance of the centres counts, in face widths, between faces of similar size.
"""

import math
from collections.abc import Iterator, Sequence

from device.records import Box

Pair = tuple[int, int]


def match(
    predicted: Sequence[Box],
    seen: Sequence[Box],
    *,
    min_iou: float,
    reach_widths: Sequence[float],
    max_size_ratio: float,
) -> dict[int, int]:
    """Indices of `seen` mapped to indices of `predicted`, each used at most once.

    `reach_widths` says for each predicted box how many face widths away the second round may look.
    """
    taken: dict[int, int] = {}
    _take_best(taken, _by_overlap(predicted, seen, min_iou))
    _take_best(taken, _by_distance(predicted, seen, reach_widths, max_size_ratio))
    return taken


def covered_share(box: Box, other: Box) -> float:
    """How much of `box` lies under `other`, 0 to 1."""
    across = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    down = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    if across <= 0 or down <= 0 or box.area <= 0:
        return 0.0
    return min(1.0, across * down / box.area)


def _take_best(taken: dict[int, int], ranked: list[tuple[float, Pair]]) -> None:
    used = set(taken.values())
    for _, (look, track) in sorted(ranked):
        if look not in taken and track not in used:
            taken[look] = track
            used.add(track)


def _pairs(predicted: Sequence[Box], seen: Sequence[Box]) -> Iterator[tuple[Pair, Box, Box]]:
    for look, face in enumerate(seen):
        for track, box in enumerate(predicted):
            yield (look, track), box, face


def _by_overlap(
    predicted: Sequence[Box], seen: Sequence[Box], min_iou: float
) -> list[tuple[float, Pair]]:
    overlaps = ((box.iou(face), pair) for pair, box, face in _pairs(predicted, seen))
    return [(-iou, pair) for iou, pair in overlaps if iou >= min_iou]


def _by_distance(
    predicted: Sequence[Box],
    seen: Sequence[Box],
    reach_widths: Sequence[float],
    max_size_ratio: float,
) -> list[tuple[float, Pair]]:
    ranked = []
    for pair, box, face in _pairs(predicted, seen):
        smaller, larger = sorted((box.width, face.width))
        if smaller <= 0 or larger / smaller > max_size_ratio:
            continue
        away = _centre_distance(box, face) / larger
        if away <= reach_widths[pair[1]]:
            ranked.append((away, pair))
    return ranked


def _centre_distance(one: Box, other: Box) -> float:
    return math.hypot(
        one.x - other.x + (one.width - other.width) / 2,
        one.y - other.y + (one.height - other.height) / 2,
    )
