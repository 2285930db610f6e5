# SPDX-License-Identifier: Apache-2.0
"""`passerby report`: what was counted, as a table, CSV, JSON or a plot."""

import argparse
from datetime import datetime
from pathlib import Path

from device import settings
from device.errors import InputError
from device.store import ledger_reader
from device.verbs.report import plot, rows

HELP = """\
How many visits ended, per hour or day, by perceived gender.

Visits are counted, not people: one person passing twice is two visits. "unsure" is a result and
part of every total. Periods without a visit have no row.

  passerby report                           every hour so far
  passerby report --by day --since 7d       the last seven days and today
  passerby report --since 2026-11-02 --until 2026-11-03 --csv
  passerby report --by day --plot visits.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which visits, in what rows and what form."""
    parser.add_argument(
        "--by",
        choices=rows.PERIODS,
        default="hour",
        help="length of one row in local time; quarter is a quarter hour (default: hour)",
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="only what ended from then on: 2026-11-02, 2026-11-02T14:00, or 7d or 24h ago",
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="only what ended before then; a date means the end of that day",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="comma-separated values, for a program")
    form.add_argument("--json", action="store_true", help="one JSON object, for a program")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="also draw it into this file")
    parser.add_argument(
        "--store", type=Path, metavar="FILE", help="read this store, not the one of the settings"
    )


def run(args: argparse.Namespace) -> int:
    """Print the report; the daemon may be writing meanwhile.

    Raises:
        StoreError: there is no store, or it cannot be read.
        InputError: --since, --until or --plot cannot be used.
        RuntimeMissingError: a plot was asked for and matplotlib is not installed.
    """
    since, until = _span(args.since, args.until)
    path = args.store or settings.load(args.settings).store_path
    summary = rows.summarise(ledger_reader.read_counts(path), by=args.by, since=since, until=until)
    if args.plot is not None:
        plot.save_plot(summary, args.plot)
    if args.csv:
        print(rows.as_csv(summary), end="")
    else:
        print(rows.as_json(summary) if args.json else rows.as_text(summary))
    return 0


def _span(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    now = datetime.now().astimezone()
    try:
        start = None if since is None else rows.parse_moment(since, now=now)
        end = None if until is None else rows.parse_moment(until, now=now, end=True)
    except ValueError as error:
        raise InputError(str(error)) from error
    if start is not None and end is not None and start >= end:
        raise InputError(
            f"--since {since} is not before --until {until}: name a beginning before the end"
        )
    return start, end
