# SPDX-License-Identifier: Apache-2.0
"""Which files a report has, what each shows, and how a report says that one cannot be made.

A figure that a dataset does not allow is never missing silently: a table then holds the single
column `note`, a picture the sentence itself, and CONTENTS.md repeats both.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

CONTENTS: Final = "CONTENTS.md"
MISTAKES: Final = "mistakes.html"
OUTCOMES: Final = "outcomes.csv"
SPLIT: Final = "split.csv.gz"

FILES: Final[Mapping[str, str]] = {
    "figures.json": "the figures of every test set, as in bundle.json",
    "history.csv": "loss and accuracy after every epoch, in training and on the select split",
    "curves.png": "the same, drawn",
    "confusion.png": "labels against answers, with unsure and no face as answers of their own",
    "roc.png": "women found against men mistaken, over all thresholds",
    "reliability.png": "accuracy at each confidence, how many pictures had it, and the ECE",
    "risk_coverage.png": "wrong answers as more is answered, and the threshold of unsure",
    "groups.csv": "accuracy by perceived gender, race, age band and race x gender, every test set",
    "groups.png": "the same, drawn",
    "cells.csv": "accuracy by race x perceived gender x age band, every test set",
    "cells.png": "the same, drawn",
    "ages.csv": "accuracy by exact age in years, every test set",
    "ages.png": "the same, drawn over five years at a time",
    "dropped.csv": "pictures of the test sets that were left out, and why",
    SPLIT: "name, SHA-256, cluster of near-duplicates and split of each picture trained on or held "
    "out",
}
# Written by `training evaluate --out` only: its own card, a page with faces on it, and a table
# that names every picture.
LOCAL: Final[Mapping[str, str]] = {
    "CARD.md": "what the bundle is, how well it does, and for what it must not be used",
    MISTAKES: "the most confident mistakes with their crops; shows faces: keep it, publish it not",
    OUTCOMES: "label, probability of female, and whether it was answered, of each picture",
}
# All that a bundle's report may hold.
PUBLISHED: Final = frozenset({CONTENTS, *FILES})


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV with one line for each row."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_absence(path: Path, reason: str) -> None:
    """Write a table that only says why there is none."""
    write_table(path, ("note",), [(reason,)])


def write_contents(folder: Path, title: str, absent: Mapping[str, str], *, local: bool) -> None:
    """Write CONTENTS.md.

    Args:
        folder: the report.
        title: of the test set that the pictures show.
        absent: by file name, why it could not be made.
        local: whether the files of LOCAL are there too.
    """
    files = {**FILES, **(LOCAL if local else {})}
    lines = [
        f"- `{name}`: {what}" + (f". **Not there: {absent[name]}**" if name in absent else "")
        for name, what in files.items()
    ]
    text = f"# Report\nPictures show {title}; shares have Wilson's 95 % intervals.\n\n"
    (folder / CONTENTS).write_text(text + "\n".join(lines) + "\n", "utf-8")
