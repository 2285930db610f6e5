# SPDX-License-Identifier: Apache-2.0
"""FairFace: one CSV or several, `file,age,gender,race` (and `service_test`, which is passed over).

Names in a CSV are relative to it. Ages that a spreadsheet turned into dates are repaired and
reported. Source: Kärkkäinen and Joo, "FairFace", WACV 2021.
"""

import csv
import io
import posixpath
from collections.abc import Iterator, Mapping, Sequence

from device.errors import DatasetError
from device.pictures import PictureSource
from device.pictures.base import printable
from training.datasets.base import Fault, Labels, Sample
from training.datasets.wording import band_of, gender_of, race_of

_COLUMNS = {
    "file": ("file", "filename", "file_name", "path", "image"),
    "age": ("age", "age_band"),
    "gender": ("gender", "perceived_gender", "sex"),
    "race": ("race", "ethnicity"),
}

Row = dict[str, str]


def tables(source: PictureSource) -> dict[str, str]:
    """The text of those CSVs of a source whose header names at least a file and a gender column."""
    found = {
        name: source.read_text(name) or ""
        for name in source.others
        if name.lower().endswith(".csv")
    }
    return {name: text for name, text in found.items() if is_table(text)}


def is_table(text: str) -> bool:
    """Whether the first line of a text names at least a file and a gender column."""
    return {"file", "gender"} <= set(_header(text.split("\n", 1)[0]))


def read_labels(names: Sequence[str], texts: Mapping[str, str]) -> Labels:
    """The labels of all tables, with faults for what does not fit together.

    Args:
        names: the pictures.
        texts: the tables by name; a picture is looked for beside its table, then from the top.

    Raises:
        DatasetError: a table cannot be parsed as CSV.
    """
    pictures = frozenset(names)
    samples: dict[str, Sample] = {}
    faults: list[Fault] = []
    for table, text in texts.items():
        folder = posixpath.dirname(table)
        for row in _rows(text, table):
            name = _resolve(row.get("file", ""), folder, pictures)
            if name not in pictures:
                faults.append(Fault(printable(name), f"a row in {table} without its picture"))
            elif name in samples:
                faults.append(Fault(name, f"a second row in {table}; the first one counts"))
            else:
                sample = _sample(name, row, faults)
                if sample is not None:
                    samples[name] = sample
    labelled = frozenset(samples) | {fault.name for fault in faults}
    faults.extend(Fault(name, "a picture without a row") for name in names if name not in labelled)
    return Labels(tuple(samples.values()), tuple(faults))


def _sample(name: str, row: Row, faults: list[Fault]) -> Sample | None:
    """One row as a sample; None, with a fault noted, where the gender is not readable."""
    gender = gender_of(row.get("gender", ""))
    if gender is None:
        word = printable(row.get("gender", ""))
        faults.append(Fault(name, f"gender {word!r}, Female or Male expected"))
        return None
    age, race = row.get("age", "").strip(), row.get("race", "").strip()
    band = band_of(age)
    if age and band is None:
        faults.append(Fault(name, f"age {printable(age)!r} is no age band, left empty", kept=True))
    elif band is not None and band[1]:
        faults.append(Fault(name, f"age {age!r} repaired to {band[0]!r}", kept=True))
    known = race_of(race)
    if race and known is None:
        faults.append(Fault(name, f"race {printable(race)!r} is not known, left empty", kept=True))
    return Sample(
        name,
        gender,
        band[0] if band else "",
        age_years=int(age) if band and age.isdecimal() else None,
        race=known or "",
    )


def _resolve(word: str, folder: str, pictures: frozenset[str]) -> str:
    """The picture that a row means: relative to its table, else to the top."""
    plain = posixpath.normpath(word.strip().replace("\\", "/"))
    beside = posixpath.normpath(posixpath.join(folder, plain))
    return beside if beside in pictures else plain


def _header(line: str) -> list[str]:
    """Our names of the columns, empty for those that are passed over."""
    words = [word.strip().strip('"').casefold() for word in line.split(_delimiter(line))]
    return [
        next((column for column, aliases in _COLUMNS.items() if word in aliases), "")
        for word in words
    ]


def _delimiter(line: str) -> str:
    # Spreadsheets in countries with a decimal comma save "CSV" with semicolons.
    return max(",;\t", key=line.count)


def _rows(text: str, table: str) -> Iterator[Row]:
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    columns = _header(first)
    try:
        for cells in csv.reader(lines, delimiter=_delimiter(first)):
            if any(cell.strip() for cell in cells):
                yield {column: cell for column, cell in zip(columns, cells, strict=False) if column}
    except csv.Error as error:
        raise DatasetError(f"{table} is no CSV that can be read ({error}): save it anew") from error
