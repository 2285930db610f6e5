# SPDX-License-Identifier: Apache-2.0
"""`passerby check`: everything that could keep Passerby from running, all at once."""

import argparse
import dataclasses
import json
from pathlib import Path

HELP = """\
Verify the settings, the TFLite runtime, every model bundle (hash, schema, shapes, and its golden
pictures replayed), the camera's path, the store and the directories, and name all that is wrong.

exit status: 0 all is right, the code of the fault when there is one, 70 when there are several.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which bundles, for which reader."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--models", type=Path, metavar="DIR", help="the folder of model bundles")


def run(args: argparse.Namespace) -> int:
    """Print each finding as it is made (JSON: all of them at the end)."""
    from device.verbs.check.checkup import check_everything, exit_status  # noqa: PLC0415  the runtime loads here

    findings = []
    for finding in check_everything(args.settings, models=args.models):
        findings.append(finding)
        if not args.json:
            word = "ok" if finding.ok else "FAULT"
            print(f"{word:<6}{finding.subject}: {finding.message}", flush=True)
    status = exit_status(findings)
    wrong = sum(not finding.ok for finding in findings)
    if args.json:
        told = [dataclasses.asdict(finding) for finding in findings]
        print(json.dumps({"ok": not wrong, "exit_status": status, "findings": told}, indent=2))
    else:
        print(f"{wrong} of {len(findings)} things are wrong" if wrong else "all is right")
    return status
