# SPDX-License-Identifier: Apache-2.0
"""The report: rows, spans, forms."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from device.store.ledger_reader import Count
from device.verbs.report import rows
from device.verbs.report.rows import Period

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = 900
#: 2026-11-02 10:00 UTC, 11:00 in Berlin.
START = 1_793_613_600
COUNTS = (
    Count(START, 1, 2, 0),
    Count(START + QUARTER, 1, 0, 1),
    Count(START + 4 * QUARTER, 0, 1, 0),
    Count(START + 14 * 3600, 4, 0, 0),
)
UNKNOWN = Count(None, 0, 1, 2)
NOW = datetime(2026, 11, 4, 10, 20, 30, tzinfo=BERLIN)


def labels(by: Period) -> list[str]:
    text = rows.as_text(rows.summarise(COUNTS, by=by, zone=BERLIN))
    return [line[:16].strip() for line in text.splitlines() if line.startswith("2026")]


def test_rows_are_local_quarters_hours_or_days() -> None:
    assert labels("quarter") == [
        "2026-11-02 11:00",
        "2026-11-02 11:15",
        "2026-11-02 12:00",
        "2026-11-03 01:00",
    ]
    assert labels("hour") == ["2026-11-02 11:00", "2026-11-02 12:00", "2026-11-03 01:00"]
    assert [label[:10] for label in labels("day")] == ["2026-11-02", "2026-11-03"]


def test_unsure_and_unknown_times_are_part_of_the_total() -> None:
    made = rows.summarise((*COUNTS, UNKNOWN), by="day", zone=BERLIN)
    assert [row.values for row in made.rows] == [(2, 3, 1, 6), (4, 0, 0, 4)]
    assert made.unknown.values == (0, 1, 2, 3)
    assert made.total.values == (6, 4, 3, 13)


def test_a_span_leaves_out_what_is_outside_and_what_nobody_can_place() -> None:
    made = rows.summarise(
        (*COUNTS, UNKNOWN),
        since=datetime(2026, 11, 2, 11, 15, tzinfo=BERLIN),
        until=datetime(2026, 11, 3, 1, 0, tzinfo=BERLIN),
        zone=BERLIN,
    )
    assert made.total.values == (1, 1, 1, 3)
    assert not made.unknown_in_total
    assert "3 more visits are not in here" in rows.as_text(made)
    assert json.loads(rows.as_json(made))["unknown_time"]["in_total"] is False


def test_the_hour_that_summer_time_repeats_is_two_rows() -> None:
    first = (
        1_792_886_400  # 2026-10-25 00:00 UTC, 02:00 summer time; an hour later it is 02:00 again
    )
    counts = (Count(first, 1, 0, 0), Count(first + 3600, 0, 1, 0))
    made = rows.summarise(counts, by="hour", zone=BERLIN)
    assert [row.total for row in made.rows] == [1, 1]
    text = rows.as_text(made)
    assert "2026-10-25 02:00 +0200" in text
    assert "2026-10-25 02:00 +0100" in text
    assert rows.summarise(counts, by="day", zone=BERLIN).rows[0].total == 2


def test_the_table_is_aligned_and_says_perceived_gender() -> None:
    text = rows.as_text(rows.summarise((*COUNTS, UNKNOWN), by="day", zone=BERLIN))
    assert text.splitlines() == [
        "Visits per day, by perceived gender",
        "",
        "day            female     male   unsure    total",
        "------------------------------------------------",
        "2026-11-02          2        3        1        6",
        "2026-11-03          4        0        0        4",
        "time unknown        0        1        2        3",
        "------------------------------------------------",
        "total               6        4        3       13",
        "",
        "time unknown: the clock had not been set when these visits ended",
    ]


def test_an_empty_store_gives_an_honest_empty_table() -> None:
    made = rows.summarise(())
    assert "none yet" in rows.as_text(made)
    assert rows.as_text(made).splitlines()[-1].split() == ["total", "0", "0", "0", "0"]
    assert rows.as_csv(made) == "start,female,male,unsure,total\n"
    assert json.loads(rows.as_json(made))["rows"] == []


def test_csv_adds_up_and_has_no_total_line() -> None:
    text = rows.as_csv(rows.summarise((*COUNTS, UNKNOWN), by="hour", zone=BERLIN))
    lines = list(csv.DictReader(io.StringIO(text)))
    assert lines[0] == {
        "start": "2026-11-02T11:00+01:00",
        "female": "2",
        "male": "2",
        "unsure": "1",
        "total": "5",
    }
    assert lines[-1]["start"] == ""
    assert sum(int(line["total"]) for line in lines) == 13


def test_json_holds_rows_span_and_total() -> None:
    made = rows.summarise(COUNTS, by="day", since=NOW - timedelta(days=9), zone=BERLIN)
    told = json.loads(rows.as_json(made))
    assert (told["by"], told["since"], told["until"]) == ("day", "2026-10-26T10:20+01:00", None)
    assert told["rows"][1]["start"] == "2026-11-03T00:00+01:00"
    assert told["total"] == {"female": 6, "male": 3, "unsure": 1, "total": 10}


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("2026-11-02", False, "2026-11-02T00:00:00+01:00"),
        ("2026-11-02", True, "2026-11-03T00:00:00+01:00"),
        ("2026-07-02", False, "2026-07-02T00:00:00+02:00"),
        ("2026-11-02T14:30", True, "2026-11-02T14:30:00+01:00"),
        (" 2026-11-02 00:00 ", True, "2026-11-02T00:00:00+01:00"),
        ("2026-11-02T14:30+05:30", False, "2026-11-02T14:30:00+05:30"),
        ("7d", False, "2026-10-28T00:00:00+01:00"),
        ("11d", False, "2026-10-24T00:00:00+02:00"),
        ("24h", False, "2026-11-03T10:00:00+01:00"),
    ],
)
def test_a_moment_is_a_date_a_time_or_a_time_ago(text: str, end: bool, expected: str) -> None:
    moment = rows.parse_moment(text, now=NOW, end=end, zone=BERLIN)
    assert moment.isoformat() == expected


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7w", "2026-13-01", "99999d", "-3d"])
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time, expected a date like 2026-11-02"):
        rows.parse_moment(text, now=NOW, zone=BERLIN)


def test_without_a_zone_rows_are_in_that_of_the_machine() -> None:
    row = rows.summarise(COUNTS[:1], by="hour").rows[0]
    assert row.start == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert row.start is not None
    assert row.start.utcoffset() == datetime.fromtimestamp(START).astimezone().utcoffset()
