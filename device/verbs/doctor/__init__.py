# SPDX-License-Identifier: Apache-2.0
"""`passerby doctor`: what of this machine helps or hinders, and what to do about it."""

import argparse
import dataclasses
import json
from pathlib import Path

HELP = """\
Examine this machine and this installation: word size, Python and runtime, numpy against picamera2,
groups, memory for cameras, memory cgroup, supply and heat, clock, room on the disk, cameras, and
all that `passerby check` looks at (bundles with their golden pictures). Changes nothing and takes
no picture. Each finding is ok, advice (works, could be better) or a FAULT, and says what to do.

exit status: 0 no fault, whatever the advice; 70 at least one fault.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to tell."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print each finding as it is made (JSON: all of them at the end)."""
    from device.errors import EXIT_OK, CheckFailedError  # noqa: PLC0415
    from device.verbs.doctor.examination import examine  # noqa: PLC0415  the runtime loads here

    findings = []
    for finding in examine(args.settings, root=Path("/")):
        findings.append(finding)
        if not args.json:
            print(f"{finding.verdict:<8}{finding.subject}: {finding.message}", flush=True)
    faults = sum(finding.verdict == "FAULT" for finding in findings)
    status = CheckFailedError.exit_status if faults else EXIT_OK
    if args.json:
        told = [dataclasses.asdict(finding) for finding in findings]
        print(json.dumps({"ok": not faults, "exit_status": status, "findings": told}, indent=2))
    else:
        print(f"{faults} of {len(findings)} things are wrong" if faults else "nothing is wrong")
    return status
