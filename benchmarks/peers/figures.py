# SPDX-License-Identifier: Apache-2.0
"""Replies to figures: accuracy by group with intervals, milliseconds, memory; and how we stand."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from benchmarks.peers.entrants import NPM, OURS, PYPI
from benchmarks.peers.race import Result
from benchmarks.peers.wire import Reply
from device.bundle.manifest import Figure
from training import metrics
from training.datasets import Sample
from training.metrics import Outcome

PEERS: Final = (PYPI, NPM)
POINTS_AHEAD: Final = 7.0


class Milliseconds(msgspec.Struct, frozen=True):
    """Median and 95th percentile over the pictures that were answered."""

    median: float
    p95: float


class Way(msgspec.Struct, frozen=True):
    """The figures of one entrant.

    Attributes:
        product, way, runtime: who, how used, on what.
        crop: how our detector's faces were cut for it; None where it looked for itself.
        found: share of pictures with an answer.
        accuracy, groups: a picture without an answer is wrong.
        picture_ms, picture_cpu_ms: from the picture to the answer. Who takes our detector's faces
            is charged our detector's time, measured on the same picture.
        face_ms, face_cpu_ms: from a face that was found to the answer; None where the peer cannot
            be timed so.
        peak_bytes: of the process, which for takers of our detector's faces holds no detector.
    """

    product: str
    way: str
    runtime: str
    crop: dict[str, float | bool] | None
    found: Figure
    accuracy: Figure
    groups: dict[str, Figure]
    picture_ms: Milliseconds
    picture_cpu_ms: Milliseconds
    face_ms: Milliseconds | None
    face_cpu_ms: Milliseconds | None
    peak_bytes: int


class Standing(msgspec.Struct, frozen=True):
    """How we stand against one peer; true where the bar is met.

    Each comparison takes the peer's better way for it: the more accurate, the faster, the smaller.
    """

    peer: str
    points_ahead: float
    more_accurate: bool
    picture_times: float
    picture_cpu_times: float
    face_times: float
    face_cpu_times: float
    no_slower: bool
    memory_times: float
    smaller: bool


def ways(results: Sequence[Result], samples: Sequence[Sample]) -> list[Way]:
    """One way for each result, in order.

    Args:
        results: of one race; our own is among them.
        samples: what was shown, in order.
    """
    mine = next(result for result in results if result.entrant.product == OURS).replies
    return [_way(result, samples, mine) for result in results]


def letters(replies: Sequence[Reply]) -> str:
    """The answers, one letter each: f, m, or - where there was none."""
    return "".join((reply.label or "-")[0] for reply in replies)


def best(found: Sequence[Way], product: str) -> Way:
    """The more accurate way of a product."""
    return max(of(found, product), key=lambda way: way.accuracy.value)


def of(found: Sequence[Way], product: str) -> list[Way]:
    """The ways of one product."""
    return [way for way in found if way.product == product]


def standings(found: Sequence[Way]) -> list[Standing]:
    """Ours against each peer."""
    return [_standing(best(found, OURS), of(found, peer)) for peer in PEERS]


def _way(result: Result, samples: Sequence[Sample], mine: Sequence[Reply]) -> Way:
    outcomes = [_outcome(s, r) for s, r in zip(samples, result.replies, strict=True)]
    answered = [
        (reply, own) for reply, own in zip(result.replies, mine, strict=True) if reply.label
    ]
    replies = [reply for reply, _ in answered]
    crop = result.entrant.crop
    if crop is None:
        picture = [(reply.ms, reply.cpu_ms) for reply in replies]
        face = [(r.call_ms, r.call_cpu_ms) for r in replies if r.call_ms is not None]
    else:
        face = [(reply.ms, reply.cpu_ms) for reply in replies]
        picture = [
            (
                reply.ms + own.ms - (own.call_ms or 0.0),
                reply.cpu_ms + own.cpu_ms - (own.call_cpu_ms or 0.0),
            )
            for reply, own in answered
        ]
    return Way(
        product=result.entrant.product,
        way=result.entrant.way,
        runtime=str(result.about["runtime"]),
        crop=None if crop is None else {"scale": crop.scale, "level": crop.level},
        found=metrics.figure(len(replies), len(samples)),
        accuracy=metrics.accuracy(outcomes),
        groups=metrics.by_group(outcomes),
        picture_ms=_milliseconds([wall for wall, _ in picture]),
        picture_cpu_ms=_milliseconds([cpu for _, cpu in picture]),
        face_ms=_milliseconds([wall for wall, _ in face]) if face else None,
        face_cpu_ms=_milliseconds([cpu or 0.0 for _, cpu in face]) if face else None,
        peak_bytes=result.peak_bytes,
    )


def _outcome(sample: Sample, reply: Reply) -> Outcome:
    """The answer as metrics count it; only the label, since confidences mean other things each."""
    female = None if reply.label is None else float(reply.label == "female")
    return Outcome(
        sample.name,
        sample.perceived_gender,
        sample.race,
        sample.age_band,
        female=female,
        sure=reply.label is not None,
    )


def _milliseconds(values: Sequence[float | None]) -> Milliseconds:
    numbers = [value for value in values if value is not None] or [0.0]
    p95 = float(np.percentile(numbers, 95))
    return Milliseconds(round(statistics.median(numbers), 3), round(p95, 3))


def _standing(own: Way, others: Sequence[Way]) -> Standing:
    ahead = 100 * (own.accuracy.value - max(way.accuracy.value for way in others))
    medians: Mapping[str, float] = {
        name: _median(own, name) / min(_median(way, name) for way in others)
        for name in ("picture_ms", "picture_cpu_ms", "face_ms", "face_cpu_ms")
    }
    memory = own.peak_bytes / min(way.peak_bytes for way in others)
    return Standing(
        peer=others[0].product,
        points_ahead=round(ahead, 2),
        more_accurate=ahead >= POINTS_AHEAD,
        picture_times=round(medians["picture_ms"], 3),
        picture_cpu_times=round(medians["picture_cpu_ms"], 3),
        face_times=round(medians["face_ms"], 3),
        face_cpu_times=round(medians["face_cpu_ms"], 3),
        no_slower=medians["picture_ms"] <= 1 and medians["face_ms"] <= 1,
        memory_times=round(memory, 3),
        smaller=memory < 1,
    )


def _median(way: Way, name: str) -> float:
    """The median of one kind of time; endless where the way has none of that kind."""
    value: Milliseconds | None = getattr(way, name)
    return float("inf") if value is None else max(value.median, 1e-9)
