# SPDX-License-Identifier: Apache-2.0
"""Plays scenarios on the emulated Pi and writes a report; what scripts/emulate starts."""

import argparse
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

from system.emulated import report
from system.emulated.cache import NotHereError, folder
from system.emulated.installed import Installed, installed
from system.emulated.scenario import Scenario
from system.emulated.scenarios import SCENARIOS

_FAULTS = (AssertionError, OSError, EOFError, ValueError, subprocess.SubprocessError)


def main() -> int:
    """0 when all passed, 1 when one failed, 69 when this host cannot emulate."""
    args = _arguments()
    if args.list:
        for one in SCENARIOS:
            say(f"{one.name:<16} {one.about}")
        return 0
    chosen = [one for one in SCENARIOS if not args.scenario or one.name in args.scenario]
    out = Path(args.out).resolve() if args.out else folder() / "report"
    say("making the machine, where the cache has none of this checkout (some minutes)")
    try:
        machine = installed()
    except NotHereError as error:
        say(f"emulate: {error}")
        return 69
    outcomes = []
    for one in chosen:
        outcomes.append(_play(one, machine, out))
        last = outcomes[-1]
        say(f"{last.name}: {'pass' if last.passed else 'FAIL'}, {last.seconds:.0f} s")
        say(str(last.fault or last.figures))
        told = report.write(out, outcomes, machine.figures)
    say(f"{told}")
    return 0 if all(one.passed for one in outcomes) else 1


def say(line: str) -> None:
    """Tell the person."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/emulate", description=__doc__)
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    parser.add_argument(
        "--scenario", action="append", choices=names, metavar="NAME", help="only this; repeatable"
    )
    parser.add_argument("--out", metavar="DIR", help="where the report goes (else in the cache)")
    return parser.parse_args()


def _play(one: Scenario, machine: Installed, out: Path) -> report.Outcome:
    place = out / one.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    began = time.monotonic()
    try:
        figures = one.play(machine, place)
    except _FAULTS as error:
        said = f"{error}\n{traceback.format_exc()}"
        return report.Outcome(one.name, one.about, time.monotonic() - began, said)
    finally:
        # Only the serial line and photographs are of use afterwards.
        (place / "disk.qcow2").unlink(missing_ok=True)
    return report.Outcome(one.name, one.about, time.monotonic() - began, figures=figures)


if __name__ == "__main__":
    sys.exit(main())
