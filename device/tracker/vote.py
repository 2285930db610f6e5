# SPDX-License-Identifier: Apache-2.0
"""The vote of one track about perceived gender: many quick looks become one steady answer. Pure.

Each classified sighting adds to both sides in the ratio of its probabilities. It weighs by what
makes a look trustworthy: the face's width, the detector's score and how far the classifier was
from a coin toss. Neighbouring frames show nearly the same picture, so the looks are averaged
instead of multiplied as if they were independent, which would make every long visit "certain".
"""

from dataclasses import dataclass

from device.records import FEMALE, MALE, UNSURE, Face, PerceivedGender, Perception


@dataclass(frozen=True, slots=True)
class VoteRules:
    """When a vote is decided; shares are of all weight cast, 0.5 to 1."""

    decide_share: float
    keep_share: float
    min_weight: float
    full_width_pixels: float


@dataclass(slots=True)
class Vote:
    """The running sums of one track and the label shown for it so far."""

    rules: VoteRules
    female: float = 0.0
    male: float = 0.0
    steady: PerceivedGender = UNSURE

    @property
    def share(self) -> float:
        """The leading side's share of all weight, 0.5 (nothing known) to 1."""
        total = self.female + self.male
        return max(self.female, self.male) / total if total > 0 else 0.5

    @property
    def decided(self) -> PerceivedGender:
        """The answer by the votes alone, `unsure` inside the band; a visit is recorded with it."""
        enough = self.female + self.male >= self.rules.min_weight
        return self._leader if enough and self.share >= self.rules.decide_share else UNSURE

    def cast(self, face: Face, perception: Perception) -> None:
        """Add one look and move the steady label, which changes later than the votes do."""
        weight = self._weight(face, perception)
        self.female += weight * perception.female
        self.male += weight * perception.male
        decided = self.decided
        if decided != UNSURE or not self._holds:
            self.steady = decided

    @property
    def _leader(self) -> PerceivedGender:
        return FEMALE if self.female >= self.male else MALE

    @property
    def _holds(self) -> bool:
        return self.steady == self._leader and self.share >= self.rules.keep_share

    def _weight(self, face: Face, perception: Perception) -> float:
        size = min(1.0, face.box.width / self.rules.full_width_pixels)
        margin = abs(perception.female - perception.male)
        return size * face.score * margin
