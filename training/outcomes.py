# SPDX-License-Identifier: Apache-2.0
"""What came of every picture of the test sets, as a CSV, so that pages need not measure again.

It names pictures and what the model said of them: it stays with the run or the local report, and
never gets into a bundle.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from device.bundle.manifest import EvaluatedSet
from device.errors import DatasetError
from training.evaluate import Measured, summarise
from training.metrics import Outcome
from training.report.contents import write_table

FIELDS: Final = (
    "test_set",
    "name",
    "truth",
    "race",
    "age_band",
    "age_years",
    "female",
    "sure",
)


def outcomes_file(workdir: Path, bundle: str) -> Path:
    """Where `training export` leaves the outcomes of the bundle of this name."""
    return workdir / "outcomes" / f"{bundle}.csv"


def write_outcomes(path: Path, results: Sequence[Measured]) -> None:
    """Write the outcomes of all test sets, one line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(
        path,
        FIELDS,
        (
            (
                one.figures.name,
                o.name,
                o.truth,
                o.race,
                o.age_band,
                "" if o.age_years is None else o.age_years,
                "" if o.female is None else repr(o.female),
                int(o.sure),
            )
            for one in results
            for o in one.outcomes
        ),
    )


def read_outcomes(path: Path) -> dict[str, list[Outcome]]:
    """Outcomes by test set, as they were written.

    Raises:
        DatasetError: the file is not there, or not one that `write_outcomes` wrote.
    """
    found: dict[str, list[Outcome]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["test_set"], []).append(_outcome(row))
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise DatasetError(
            f"{path.name} beside the run: no table of outcomes ({why}), expected the one that "
            "training export writes; export the run again"
        ) from error
    return found


def matching(evidence: Sequence[EvaluatedSet], path: Path) -> tuple[Measured, ...]:
    """The recorded test sets with the outcomes that gave their figures.

    Raises:
        DatasetError: the file cannot be read, or gives other figures than those recorded: it
            belongs to another export.
    """
    outcomes = read_outcomes(path)
    for one in evidence:
        if summarise(one.name, one.method, outcomes.get(one.name, [])) != one:
            raise DatasetError(
                f"{path.name} beside the run gives other figures for {one.name} than the bundle "
                "records, expected the outcomes of the same export; export the run again"
            )
    return tuple(Measured(one, outcomes[one.name]) for one in evidence)


def _outcome(row: Mapping[str, str]) -> Outcome:
    return Outcome(
        name=row["name"],
        truth=row["truth"],
        race=row["race"],
        age_band=row["age_band"],
        female=float(row["female"]) if row["female"] else None,
        sure=bool(int(row["sure"])),
        age_years=int(row["age_years"]) if row["age_years"] else None,
    )
