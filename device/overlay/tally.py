# SPDX-License-Identifier: Apache-2.0
"""Visits counted, by perceived gender; unsure stays in the total."""

from collections.abc import Iterable
from dataclasses import dataclass

from device.records import FEMALE, MALE, UNSURE, PerceivedGender, Visit

LABELS: tuple[PerceivedGender, ...] = (FEMALE, MALE, UNSURE)


@dataclass(frozen=True, slots=True)
class Tally:
    """Visits counted so far, by perceived gender."""

    female: int = 0
    male: int = 0
    unsure: int = 0

    @property
    def total(self) -> int:
        """All of them, unsure included."""
        return self.female + self.male + self.unsure

    def of(self, label: PerceivedGender) -> int:
        """The visits with this answer."""
        return {FEMALE: self.female, MALE: self.male, UNSURE: self.unsure}[label]

    def plus(self, visits: Iterable[Visit]) -> "Tally":
        """The tally after some more visits."""
        labels = [visit.perceived_gender for visit in visits]
        return Tally(
            self.female + labels.count(FEMALE),
            self.male + labels.count(MALE),
            self.unsure + labels.count(UNSURE),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """A tally and what it is of, as in "visits today"."""

    heading: str
    tally: Tally
