# SPDX-License-Identifier: Apache-2.0
"""The table of outcomes: read as written, and refused where it belongs to another export."""

from pathlib import Path

import pytest

from device.errors import DatasetError
from training.evaluate import Measured, summarise
from training.metrics import Outcome
from training.outcomes import matching, outcomes_file, read_outcomes, write_outcomes

FIRST = [
    Outcome("a, with a comma.jpg", "female", "White", "20-29", 0.1 + 0.2, True, 24),
    Outcome("b.jpg", "male", "", "", None, False),
]
SECOND = [Outcome("a.jpg", "male", "Black", "3-9", 1e-17, True)]


def results() -> list[Measured]:
    return [
        Measured(summarise("one.zip", "x", FIRST), FIRST),
        Measured(summarise("two.zip", "y", SECOND), SECOND),
    ]


def test_outcomes_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = outcomes_file(tmp_path, "mine")
    write_outcomes(path, results())
    assert read_outcomes(path) == {"one.zip": FIRST, "two.zip": SECOND}
    assert matching([one.figures for one in results()], path) == tuple(results())


def test_outcomes_of_another_export_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.csv"
    write_outcomes(path, results())
    other = summarise("one.zip", "x", [*FIRST, FIRST[0]])
    with pytest.raises(DatasetError, match=r"other figures for one\.zip than the bundle records"):
        matching([other], path)
    with pytest.raises(DatasetError, match=r"other figures for three\.zip"):
        matching([summarise("three.zip", "x", FIRST)], path)


@pytest.mark.parametrize(
    "content", [None, b"", b"name\n1\n", b"\xff\xfe", b"test_set,name,truth\nx,y,female\n"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "outcomes.csv"
    if content is not None:
        path.write_bytes(content)
    if content == b"":
        assert read_outcomes(path) == {}
        return
    with pytest.raises(DatasetError, match="no table of outcomes"):
        read_outcomes(path)
