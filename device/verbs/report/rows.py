# SPDX-License-Identifier: Apache-2.0
"""From quarter-hour counts to the report of `passerby report`: rows per quarter, hour or day.

Pure: counts in, rows and text out. Visits are counted, not people: one person passing twice is two
visits. "Unsure" is a result and stays in every total. A period without a visit has no row, since
the store does not know whether anybody was watching.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

from device.store.ledger_reader import Count

Period = Literal["quarter", "hour", "day"]
PERIODS: tuple[Period, ...] = ("quarter", "hour", "day")
COLUMNS = ("female", "male", "unsure", "total")

_NAMES: dict[Period, str] = {"quarter": "quarter hour", "hour": "hour", "day": "day"}
_AGO = re.compile(r"(\d{1,4})([dh])")


@dataclass(frozen=True, slots=True)
class Row:
    """Visits of one period by perceived gender. `start` is local time with its offset from UTC.

    `start` is None for the total and for visits whose time of day is not known.
    """

    start: datetime | None
    female: int = 0
    male: int = 0
    unsure: int = 0

    @property
    def total(self) -> int:
        """All visits, the unsure among them."""
        return self.female + self.male + self.unsure

    @property
    def values(self) -> tuple[int, int, int, int]:
        """As in `COLUMNS`."""
        return self.female, self.male, self.unsure, self.total

    def plus(self, other: "Count | Row") -> "Row":
        """The sum, under the start of this row."""
        return Row(
            self.start,
            self.female + other.female,
            self.male + other.male,
            self.unsure + other.unsure,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Rows in order of time, and their total.

    `unknown` are the visits whose time of day is not known. They are part of the total, unless a
    beginning or an end was asked for: then nobody can say whether they belong in it.
    """

    by: Period
    since: datetime | None
    until: datetime | None
    rows: tuple[Row, ...]
    unknown: Row
    total: Row

    @property
    def unknown_in_total(self) -> bool:
        """Whether visits of unknown time are part of the total."""
        return self.since is None and self.until is None


def summarise(
    counts: Iterable[Count],
    *,
    by: Period = "hour",
    since: datetime | None = None,
    until: datetime | None = None,
    zone: tzinfo | None = None,
) -> Report:
    """Sum `counts` over each period from `since` up to but without `until`.

    Quarter hours belong where they begin. `zone` is the local one if None; an hour that summer time
    repeats is two rows.
    """
    rows: dict[datetime, Row] = {}
    unknown = Row(None)
    for count in counts:
        if count.start is None:
            unknown = unknown.plus(count)
            continue
        moment = _local(count.start, zone)
        if (since is None or moment >= since) and (until is None or moment < until):
            start = _floor(moment, by, zone)
            rows[start] = rows.get(start, Row(start)).plus(count)
    total = Row(None)
    for row in rows.values():
        total = total.plus(row)
    if since is None and until is None:
        total = total.plus(unknown)
    ordered = tuple(rows[start] for start in sorted(rows))
    return Report(by, since, until, ordered, unknown, total)


def parse_moment(
    text: str, *, now: datetime, end: bool = False, zone: tzinfo | None = None
) -> datetime:
    """Read "2026-11-02", "2026-11-02T14:00", "7d" (midnight seven days ago) or "24h" as local time.

    `now` is aware; `zone` is the local one if None. As the `end` of a span a date means the end of
    that day.

    Raises:
        ValueError: the text is none of these.
    """
    text = text.strip()
    ago = _AGO.fullmatch(text)
    if ago is not None and ago[2] == "h":
        return (now - timedelta(hours=int(ago[1]))).replace(minute=0, second=0, microsecond=0)
    if ago is not None:
        return _aware(datetime.combine(now.date() - timedelta(days=int(ago[1])), time()), zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time, expected a date like 2026-11-02, a date with a time like"
            " 2026-11-02T14:00, or a time ago like 7d or 24h"
        ) from None
    if end and not any(mark in text for mark in "T :"):
        moment += timedelta(days=1)
    return moment if moment.tzinfo is not None else _aware(moment, zone)


def period_name(by: Period) -> str:
    """The period in words."""
    return _NAMES[by]


def as_text(report: Report) -> str:
    """An aligned table with a heading and a total, for a person."""
    offsets = {row.start.utcoffset() for row in report.rows if row.start is not None}
    lines = [(_label(row.start, report.by, len(offsets) > 1), row) for row in report.rows]
    if report.unknown.total and report.unknown_in_total:
        lines.append(("time unknown", report.unknown))
    lines.append(("total", report.total))
    width = max(len(label) for label, _ in lines)
    table = [f"{report.by:<{width}}" + "".join(f"{name:>9}" for name in COLUMNS)]
    table += [f"{label:<{width}}" + "".join(f"{n:>9}" for n in row.values) for label, row in lines]
    rule = "-" * len(table[0])
    heading = f"Visits per {period_name(report.by)}, by perceived gender"
    if not report.total.total:
        heading += ": none yet" if report.unknown_in_total else ": none in this span"
    parts = [heading, "", table[0], rule, *table[1:-1], rule, table[-1]]
    if report.unknown.total:
        known = "time unknown: the clock had not been set when these visits ended"
        parts += ["", known if report.unknown_in_total else unknown_note(report)]
    return "\n".join(parts)


def as_csv(report: Report) -> str:
    """One line per period, no total line: a program adds up itself. Unknown time has no start."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("start", *COLUMNS))
    writer.writerows((_iso(row.start), *row.values) for row in report.rows)
    if report.unknown.total and report.unknown_in_total:
        writer.writerow(("", *report.unknown.values))
    return out.getvalue()


def as_json(report: Report) -> str:
    """The whole report as one JSON object."""
    return json.dumps(
        {
            "by": report.by,
            "since": _iso(report.since) or None,
            "until": _iso(report.until) or None,
            "rows": [{"start": _iso(row.start), **_named(row)} for row in report.rows],
            "unknown_time": {**_named(report.unknown), "in_total": report.unknown_in_total},
            "total": _named(report.total),
        },
        indent=2,
    )


def unknown_note(report: Report) -> str:
    """One sentence on visits of unknown time that are not in the report."""
    return (
        f"{report.unknown.total} more visits are not in here: their time of day is not known,"
        " because the clock had not been set."
    )


def _aware(moment: datetime, zone: tzinfo | None) -> datetime:
    """A naive local time with its offset, fixed: two moments of a repeated hour must differ."""
    aware = moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
    return aware.replace(tzinfo=timezone(aware.utcoffset() or timedelta()))


def _local(seconds: int, zone: tzinfo | None) -> datetime:
    moment = datetime.fromtimestamp(seconds, zone or UTC).astimezone(zone)
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()))


def _floor(moment: datetime, by: Period, zone: tzinfo | None) -> datetime:
    if by == "day":
        return _aware(datetime.combine(moment.date(), time()), zone)
    return moment.replace(minute=0) if by == "hour" else moment


def _label(start: datetime | None, by: Period, with_offset: bool) -> str:
    if start is None:
        return "time unknown"
    if by == "day":
        return f"{start:%Y-%m-%d}"
    return f"{start:%Y-%m-%d %H:%M %z}" if with_offset else f"{start:%Y-%m-%d %H:%M}"


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="minutes")


def _named(row: Row) -> dict[str, int]:
    return dict(zip(COLUMNS, row.values, strict=True))
