# SPDX-License-Identifier: Apache-2.0
"""What `training inspect` found, in words for a page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from training.datasets.base import Fault
from training.datasets.linting import Inspection

FORMATS: Final = {
    "utkface": "Labels in the file names, as in UTKFace (age_gender_race_date.jpg).",
    "fairface": "Labels in a CSV, as in FairFace (file, age, gender, race).",
    "folders": "Labels by folder (female, male).",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Things of one kind: how many, what that means, and each with its reason."""

    title: str
    meaning: str
    head: tuple[str, str]
    rows: tuple[tuple[str, str], ...]


Rows = tuple[tuple[str, str], ...]

_REASONS: Final = ("File", "Why")
_LABELS: Final = ("Pictures", "Labels")
_TIMES: Final = ("Pictures", "How many")

# Title, meaning, head of the table, and the rows.
_KINDS: Final[tuple[tuple[str, str, tuple[str, str], Callable[[Inspection], Rows]], ...]] = (
    (
        "Refused",
        "Files that are not read at all.",
        _REASONS,
        lambda found: tuple((one.name, one.reason) for one in found.refused),
    ),
    (
        "Without a usable label",
        "Pictures whose label is missing or malformed; they are not used.",
        _REASONS,
        lambda found: _reasons(one for one in found.faults if not one.kept),
    ),
    (
        "Unreadable",
        "Pictures that are damaged, too large or no pictures; they are not used.",
        _REASONS,
        lambda found: _reasons(found.unreadable),
    ),
    (
        "Labels used in part or repaired",
        "Pictures that are used although a part of their label was odd.",
        _REASONS,
        lambda found: _reasons(one for one in found.faults if one.kept),
    ),
    (
        "Contradictory labels",
        "One picture under different labels. Those that differ in perceived gender are never "
        "trained on.",
        _LABELS,
        lambda found: tuple(
            (" = ".join(one.names), " / ".join(one.labels)) for one in found.contradictions
        ),
    ),
    ("Exact duplicates", "The same file several times.", _TIMES, lambda found: _times(found.same)),
    (
        "Near-duplicates",
        "The same picture scaled or compressed anew. They are kept on the same side when pictures "
        "are held out.",
        _TIMES,
        lambda found: _times(found.near),
    ),
)


def findings(inspection: Inspection) -> tuple[Finding, ...]:
    """Everything that was refused, repaired or is there twice; kinds without any are left out."""
    found = (
        Finding(title, meaning, head, rows(inspection)) for title, meaning, head, rows in _KINDS
    )
    return tuple(one for one in found if one.rows)


def groups_of(
    inspection: Inspection, field: str, order: Sequence[str] = ()
) -> tuple[tuple[str, str, int], ...]:
    """How many pictures each value of a field and each perceived gender has.

    Args:
        inspection: what was found.
        field: "race" or "age_band".
        order: values in the order that they are wanted in; others follow by the alphabet.
    """
    totals: dict[tuple[str, str], int] = {}
    for count in inspection.counts:
        key = (getattr(count, field) or "no label", count.perceived_gender)
        totals[key] = totals.get(key, 0) + count.pictures
    rank = {value: index for index, value in enumerate(order)}
    ordered = sorted(totals, key=lambda key: (rank.get(key[0], len(rank)), key))
    return tuple((value, gender, totals[value, gender]) for value, gender in ordered)


def _reasons(faults: Iterable[Fault]) -> Rows:
    return tuple((fault.name, fault.reason) for fault in faults)


def _times(groups: Iterable[Sequence[str]]) -> Rows:
    return tuple((" = ".join(names), str(len(names))) for names in groups)
