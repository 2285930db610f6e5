# SPDX-License-Identifier: Apache-2.0
"""`passerby cameras`: what cameras there are, and what to write to use one."""

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING

from device.errors import EXIT_OK

if TYPE_CHECKING:
    from device.cameras.finding import Found, NoneFound

HELP = """\
List the cameras that there are: libcamera's (the Pi's own, through picamera2), webcams (V4L2) with
their formats, and what is always there. Each comes with the keys of [camera] in the settings that
choose it; where there is none, the reason and what to do. Nothing is opened that a daemon holds,
and having no camera is no error: the exit status is 0.
"""

ALWAYS = (
    ("replay", "plays a folder, a ZIP or a scene", {"source": "replay", "path": "..."}),
    ("fake", "made of software, for trying things out", {"source": "fake"}),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own options."""
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Print what is found; 0 also when nothing is."""
    from device.cameras.finding import Found, find_cameras  # noqa: PLC0415  loads numpy

    always = [Found(kind, name, settings) for kind, name, settings in ALWAYS]
    answers: list[Found | NoneFound] = [*find_cameras(), *always]
    print(_as_json(answers) if args.json else "\n".join(map(sentence, answers)))
    return EXIT_OK


def sentence(answer: "Found | NoneFound") -> str:
    """One answer as lines for a person."""
    from device.cameras.finding import NoneFound  # noqa: PLC0415

    if isinstance(answer, NoneFound):
        return f"{answer.kind}: none. {answer.reason}"
    chosen = ", ".join(f"{key} = {json.dumps(value)}" for key, value in answer.settings.items())
    lines = [f"{answer.kind}: {answer.name}", f"    in [camera]: {chosen}"]
    if answer.formats:
        lines.insert(1, f"    gives {'; '.join(answer.formats)}")
    return "\n".join(lines)


def _as_json(answers: "list[Found | NoneFound]") -> str:
    from device.cameras.finding import Found  # noqa: PLC0415

    found = [dataclasses.asdict(answer) for answer in answers if isinstance(answer, Found)]
    missing = [dataclasses.asdict(answer) for answer in answers if not isinstance(answer, Found)]
    return json.dumps({"cameras": found, "missing": missing}, ensure_ascii=False)
