# SPDX-License-Identifier: Apache-2.0
"""Which face of this frame continues which track: greedy matching in two rounds. Pure.

The first round goes by overlap with the place where a track is predicted, as in SORT (Bewley et
al. 2016, arXiv 1602.00763). The second bridges what overlap cannot: someone so quick that one
frame's box no longer touches the next, and a prediction that has drifted during a gap. There the
distance of the centres counts, in face widths, between faces of similar size.

In both, a track seen in the last frame chooses before one that was not, as in DeepSORT's cascade
(Wojke et al. 2017, arXiv 1703.07402): where two cross, the face belongs to who is in front.
"""

import math
from collections.abc import Sequence

from device.records import Box

Pair = tuple[int, int]


def match(
    predicted: Sequence[Box],
    seen: Sequence[Box],
    *,
    lost: Sequence[bool],
    reach_widths: Sequence[float],
    min_iou: float,
    max_size_ratio: float,
) -> dict[int, int]:
    """Indices of `seen` mapped to indices of `predicted`, each used at most once.

    For each predicted box, `lost` says that the last frame did not show it, and `reach_widths` how
    far from it, in face widths, its face may be, overlap or not.
    """
    by_overlap, by_distance = [], []
    for look, face in enumerate(seen):
        for track, box in enumerate(predicted):
            away = _widths_between(box, face)
            if away > reach_widths[track]:
                continue
            overlap = box.iou(face)
            if overlap >= min_iou:
                by_overlap.append((lost[track], -overlap, (look, track)))
            elif _size_ratio(box, face) <= max_size_ratio:
                by_distance.append((lost[track], away, (look, track)))
    taken: dict[int, int] = {}
    _take_best(taken, by_overlap)
    _take_best(taken, by_distance)
    return taken


def covered_share(box: Box, other: Box) -> float:
    """How much of `box` lies under `other`, 0 to 1."""
    across = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    down = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    if across <= 0 or down <= 0 or box.area <= 0:
        return 0.0
    return min(1.0, across * down / box.area)


def _take_best(taken: dict[int, int], ranked: list[tuple[bool, float, Pair]]) -> None:
    used = set(taken.values())
    for _, _, (look, track) in sorted(ranked):
        if look not in taken and track not in used:
            taken[look] = track
            used.add(track)


def _size_ratio(one: Box, other: Box) -> float:
    smaller, larger = sorted((one.width, other.width))
    return larger / smaller if smaller > 0 else math.inf


def _widths_between(one: Box, other: Box) -> float:
    """The distance of the centres in widths of the larger box."""
    across = one.x - other.x + (one.width - other.width) / 2
    down = one.y - other.y + (one.height - other.height) / 2
    widest = max(one.width, other.width)
    return math.hypot(across, down) / widest if widest > 0 else math.inf
