# SPDX-License-Identifier: Apache-2.0
"""Figures: shares with their intervals, calibration error, risk and coverage, groups."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from device.bundle.manifest import Figure
from training.datasets.wording import AGE_BANDS

Z95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one labelled picture.

    Attributes:
        name: the picture.
        truth: its label, "female" or "male".
        race, age_band, age_years: its dataset's words; for evaluation only.
        female: calibrated probability of "female", or None where no face was found.
        sure: whether the bundle answers at this confidence.
    """

    name: str
    truth: str
    race: str
    age_band: str
    female: float | None
    sure: bool
    age_years: int | None = None

    @property
    def right(self) -> bool:
        """Whether the likelier label is the true one; a face not found is wrong."""
        return self.female is not None and (self.female >= 0.5) == (self.truth == "female")

    @property
    def confidence(self) -> float:
        """The larger probability; 0 where no face was found."""
        return 0.0 if self.female is None else max(self.female, 1 - self.female)


def figure(hits: int, n: int) -> Figure:
    """A share with its Wilson score interval at 95 % (Wilson, JASA 22, 1927)."""
    if n == 0:
        return Figure(n=0, value=0.0, low=0.0, high=1.0)
    share = hits / n
    spread = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    middle, scale = share + Z95**2 / (2 * n), 1 + Z95**2 / n
    low, high = max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
    return Figure(n=n, value=round(share, 4), low=round(low, 4), high=round(high, 4))


def accuracy(outcomes: Iterable[Outcome]) -> Figure:
    """Share of right outcomes."""
    right = [outcome.right for outcome in outcomes]
    return figure(sum(right), len(right))


def by_group(outcomes: Sequence[Outcome]) -> dict[str, Figure]:
    """Accuracy by perceived gender, race, age band, race x gender, and with children apart."""
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        keys = [f"gender {one.truth}"]
        if one.race:
            keys += [f"race {one.race}", f"cell {one.race} {one.truth}"]
        if one.age_band:
            young = one.age_band in ("0-2", "3-9")
            keys += [f"age {one.age_band}", f"ages {'under 10' if young else '10 and up'}"]
        for key in keys:
            groups.setdefault(key, []).append(one)
    return {key: accuracy(members) for key, members in sorted(groups.items())}


def by_cell(outcomes: Sequence[Outcome]) -> dict[tuple[str, str, str], Figure]:
    """Accuracy by race x perceived gender x age band, where all three are labelled."""
    cells: dict[tuple[str, str, str], list[Outcome]] = {}
    for one in outcomes:
        if one.race and one.age_band:
            cells.setdefault((one.race, one.truth, one.age_band), []).append(one)
    order = sorted(cells, key=lambda key: (*key[:2], AGE_BANDS.index(key[2])))
    return {key: accuracy(cells[key]) for key in order}


def by_year(outcomes: Sequence[Outcome]) -> dict[int, Figure]:
    """Accuracy by exact age in years, where the dataset has it."""
    years: dict[int, list[Outcome]] = {}
    for one in outcomes:
        if one.age_years is not None:
            years.setdefault(one.age_years, []).append(one)
    return {age: accuracy(members) for age, members in sorted(years.items())}


def calibration_error(outcomes: Sequence[Outcome], bins: int = 15) -> float:
    """Expected calibration error over equally wide bins, of found faces (arXiv 1706.04599).

    Returns:
        Mean distance of confidence and accuracy, weighted by bin size, 0 to 1.
    """
    return float(sum(abs(c - a) * n for c, a, n in reliability(outcomes, bins))) / max(
        1, sum(o.female is not None for o in outcomes)
    )


def reliability(outcomes: Sequence[Outcome], bins: int = 15) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and count of each non-empty bin of confidence."""
    found = [o for o in outcomes if o.female is not None]
    slots = [min(int(o.confidence * bins), bins - 1) for o in found]
    rows = []
    for slot in sorted(set(slots)):
        members = [o for o, s in zip(found, slots, strict=True) if s == slot]
        mean = sum(o.confidence for o in members) / len(members)
        rows.append((mean, sum(o.right for o in members) / len(members), len(members)))
    return rows


def risk_coverage(outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Error among the answered as more is answered, most confident first.

    Returns:
        Coverage (share of all pictures) and risk (share of wrong answers), float64[k] each, where k
        is the number of found faces.
    """
    found = sorted((o for o in outcomes if o.female is not None), key=lambda o: -o.confidence)
    wrong = np.cumsum([not o.right for o in found])
    answered = np.arange(1, len(found) + 1)
    return answered / max(1, len(outcomes)), wrong / answered
