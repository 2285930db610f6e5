# SPDX-License-Identifier: Apache-2.0
"""What the page Judge tells: an export's recorded figures with the outcomes that gave them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.bundle import Bundle, open_bundle
from device.bundle.manifest import ClassifierDecision, Evidence, Figure
from device.errors import BundleError, InputError
from training.datasets.wording import AGE_BANDS
from training.evaluate import Measured
from training.metrics import Outcome
from training.outcomes import matching, outcomes_file
from training.prepared import Prepared, open_prepared
from training.studio.home import Home, StoredRun

HELD_OUT: Final = "calibrate split"
"""How the name of the test set ends that `training export` holds out by itself."""

KINDS: Final[Mapping[str, str]] = {
    "gender": "By perceived gender",
    "race": "By race",
    "cell": "By race and perceived gender",
    "ages": "Children apart",
    "age": "By age",
}
PEOPLE: Final[Mapping[str, str]] = {"female": "women", "male": "men"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """An exported run.

    Attributes:
        bundle: what was exported.
        decision: how it answers.
        sets: what was measured when it was exported, each test set with its outcomes.
        prepared: the crops that it was trained on or that were held out.
    """

    bundle: Bundle
    decision: ClassifierDecision
    sets: tuple[Measured, ...]
    prepared: Prepared

    @property
    def evidence(self) -> Evidence:
        """As recorded in the bundle."""
        return self.bundle.manifest.evidence


def bundle_folder(home: Home, run: StoredRun) -> Path:
    """Where a run is exported to; the folder need not be there."""
    return home.folder / "bundles" / run.name


def exported(home: Home, run: StoredRun) -> bool:
    """Whether a bundle of the run is there."""
    return (bundle_folder(home, run) / "bundle.json").exists()


def judgement(home: Home, run: StoredRun) -> Judgement:
    """The recorded evidence of a run's bundle, with the outcomes that gave it.

    Raises:
        BundleError: the bundle is missing or damaged.
        DatasetError: the outcomes or the prepared crops are not there, or of another export.
    """
    bundle = open_bundle(bundle_folder(home, run))
    decision, config = bundle.manifest.decision, run.config()
    if not isinstance(decision, ClassifierDecision):
        raise BundleError(f"{bundle.path}: no classifier's bundle, expected one; export it again")
    if config is None:
        raise InputError(f"{run.folder}: the run's configuration is gone; train it again")
    path = outcomes_file(run.folder, bundle.path.name)
    sets = matching(bundle.manifest.evidence.tests, path)
    return Judgement(bundle, decision, sets, open_prepared(config.prepared))


def fitted_here(measured: Measured) -> bool:
    """Whether the decision was fitted on these very pictures."""
    return measured.figures.name.endswith(HELD_OUT)


def told_of(measured: Measured) -> str:
    """On which pictures the figures were taken, in words."""
    many = measured.figures.accuracy.n
    if fitted_here(measured):
        return (
            f"These figures come from {many} faces that were held out: the model was not trained "
            "on them, but its threshold of unsure was fitted on them, so that other pictures may "
            "come out a little worse. Faces that were not found are left out."
        )
    return (
        f"These figures come from {many} pictures of **{measured.figures.name}**, none of which "
        "the model was trained on; a face that was not found counts as wrong."
    )


def by_kind(groups: Mapping[str, Figure]) -> dict[str, dict[str, Figure]]:
    """Groups under the headings of KINDS that have several, in a reader's order and words."""
    found: dict[str, dict[str, Figure]] = {}
    for kind, heading in KINDS.items():
        named = {
            n.removeprefix(f"{kind} "): v for n, v in groups.items() if n.startswith(f"{kind} ")
        }
        if kind == "age":
            named = {band: named[band] for band in AGE_BANDS if band in named}
        if len(named) > 1:  # a group alone is the whole
            found[heading] = {_plain(name): value for name, value in named.items()}
    return found


def axis_start(figures: Iterable[Figure]) -> float:
    """Where an axis of shares begins so that every interval is on it: a tenth, 0 to 0.8."""
    lowest = min((value.low for value in figures), default=0.0)
    return min(0.8, int(lowest * 10) / 10)


def shares(value: Figure) -> str:
    """The interval of a share in words."""
    return f"of {value.n:,}; 95 % interval {value.low:.1%} to {value.high:.1%}"


def crop_index(prepared: Prepared, outcome: Outcome) -> int | None:
    """Which of the prepared crops was held out and gave this outcome."""
    for i in prepared.indices("select", "calibrate").tolist():
        if prepared.rows[i].name == outcome.name:
            return int(i)
    return None


def _plain(name: str) -> str:
    """A group's name as a reader would say it."""
    words = name.split(" ")
    if words[-1] in PEOPLE:
        words[-1] = PEOPLE[words[-1]]
    return " ".join(words)
