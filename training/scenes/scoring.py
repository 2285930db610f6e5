# SPDX-License-Identifier: Apache-2.0
"""Counted visits beside true ones: who was counted once, twice, not at all, and labelled how.

A sighting belongs to the true face that its box overlaps most. A counted visit belongs to the
person who owns most of its sightings. Of several counted visits of one true visit the one with the
most sightings is the match and the others are doubles; a counted visit of nobody is a phantom, of
somebody who makes no true visit (too far, too hidden) an extra.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from device.records import UNSURE, Box, PerceivedGender, Visit
from device.tracker.association import covered_share
from training.scenes.truth import Label, TrueFace, TrueVisit, VisitRule, true_visits
from training.scenes.watching import Seen

MIN_SHARE = 0.5
"""How much of the true face a sighting must cover; its box may be twice as wide, or half."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one true visit; `counted` is None when it was missed."""

    truth: TrueVisit
    counted: Visit | None
    doubles: int

    @property
    def perceived(self) -> PerceivedGender | None:
        """The answer, `unsure` among them; None when missed."""
        return self.counted.perceived_gender if self.counted else None

    @property
    def label(self) -> Label:
        """The data set's label."""
        return self.truth.person.label


@dataclass(frozen=True, slots=True)
class SceneScore:
    """How one scene went; `switches` counts changes of person within counted visits."""

    name: str
    seed: int
    outcomes: tuple[Outcome, ...]
    counted: int
    extras: int
    phantoms: int
    switches: int


@dataclass(frozen=True, slots=True)
class Score:
    """Several scenes together. Shares are 0 to 1, and None where there is nothing to divide by."""

    scenes: int
    true_visits: int
    counted: int
    missed: int
    doubled: int
    extras: int
    phantoms: int
    switches: int
    decided: int
    right: int
    unsure: int
    count_error: float | None
    mean_scene_count_error: float | None
    right_of_decided: float | None
    unsure_share: float | None


def score_scene(seen: Seen, rule: VisitRule | None = None) -> SceneScore:
    """Compare what was seen in one scene with its truth."""
    owners = _owners(seen)
    truth = true_visits(seen.scene, rule)
    by_person: dict[int | None, list[Visit]] = {}
    for visit in seen.visits:
        by_person.setdefault(_main_owner(owners[visit.identity]), []).append(visit)
    phantoms = len(by_person.pop(None, []))
    outcomes = tuple(_outcome(one, by_person.pop(one.person.identity, [])) for one in truth)
    return SceneScore(
        name=seen.scene.name,
        seed=seen.scene.seed,
        outcomes=outcomes,
        counted=len(seen.visits),
        extras=sum(len(visits) for visits in by_person.values()),
        phantoms=phantoms,
        switches=sum(_changes(owners[visit.identity]) for visit in seen.visits),
    )


def total(scores: Sequence[SceneScore]) -> Score:
    """Add scenes up."""
    outcomes = [outcome for score in scores for outcome in score.outcomes]
    matched = [outcome for outcome in outcomes if outcome.counted]
    decided = [outcome for outcome in matched if outcome.perceived != UNSURE]
    counted = sum(score.counted for score in scores)
    right = sum(outcome.perceived == outcome.label for outcome in decided)
    errors = [
        abs(score.counted - len(score.outcomes)) / len(score.outcomes)
        for score in scores
        if score.outcomes
    ]
    return Score(
        scenes=len(scores),
        true_visits=len(outcomes),
        counted=counted,
        missed=len(outcomes) - len(matched),
        doubled=sum(outcome.doubles for outcome in outcomes),
        extras=sum(score.extras for score in scores),
        phantoms=sum(score.phantoms for score in scores),
        switches=sum(score.switches for score in scores),
        decided=len(decided),
        right=right,
        unsure=len(matched) - len(decided),
        count_error=_share(abs(counted - len(outcomes)), len(outcomes)),
        mean_scene_count_error=_share(sum(errors), len(errors)),
        right_of_decided=_share(right, len(decided)),
        unsure_share=_share(len(matched) - len(decided), len(matched)),
    )


def _owners(seen: Seen) -> dict[str, list[int | None]]:
    """For each track the true person of each of its sightings, in the order of time."""
    owners: dict[str, list[int | None]] = {}
    for observation, faces in zip(seen.observations, seen.scene.truth.faces, strict=True):
        for sighting in observation.sightings:
            owner = _owner(sighting.face.box, faces)
            owners.setdefault(str(sighting.track), []).append(owner)
    return owners


def _owner(box: Box, faces: Iterable[TrueFace]) -> int | None:
    """Among overlapping faces the most visible one: the detector saw that, not the hidden one."""
    overlaps = [
        (face.box.iou(box) * face.visible, face.identity)
        for face in faces
        if max(covered_share(face.box, box), covered_share(box, face.box)) >= MIN_SHARE
    ]
    return max(overlaps)[1] if overlaps else None


def _main_owner(owners: Sequence[int | None]) -> int | None:
    return Counter(owners).most_common(1)[0][0]


def _changes(owners: Sequence[int | None]) -> int:
    known = [owner for owner in owners if owner is not None]
    return sum(one != other for one, other in pairwise(known))


def _outcome(truth: TrueVisit, visits: Sequence[Visit]) -> Outcome:
    if not visits:
        return Outcome(truth, None, 0)
    return Outcome(truth, max(visits, key=lambda visit: visit.sightings), len(visits) - 1)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
