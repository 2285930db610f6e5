# SPDX-License-Identifier: Apache-2.0
"""`passerby config`: the settings in force, a documented sample, or a check of one file."""

import argparse
import json

from device import settings

HELP = """\
Settings: what is in force, what could be said, and whether a file is right.

  passerby config show             every setting as it is in force, defaults included
  passerby config sample           a documented sample file: save it, uncomment what you change
  passerby config check            name every fault of the file at once (status 30)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and for which reader."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("show", "sample", "check"),
        default="show",
        help="default: show",
    )
    parser.add_argument("--json", action="store_true", help="print JSON (show and check)")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for.

    Raises:
        SettingsError: the file has faults; it names all of them.
    """
    if args.action == "sample":
        print(settings.sample(), end="")
        return 0
    found = settings.find(args.settings)
    loaded = settings.load(args.settings)
    source = str(found) if found else None
    if args.action == "check":
        print(json.dumps({"file": source, "ok": True}) if args.json else _verdict(source))
    elif args.json:
        print(json.dumps({"file": source, "settings": settings.as_plain(loaded)}, indent=2))
    else:
        print(f"# from {source or 'defaults alone, no settings file'}")
        print(settings.as_toml(loaded, documented=False), end="")
    return 0


def _verdict(source: str | None) -> str:
    return f"{source}: no fault" if source else "no settings file found: defaults are in force"
