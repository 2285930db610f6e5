# SPDX-License-Identifier: Apache-2.0
"""`passerby classify`: perceived gender of the faces in pictures, folders and ZIPs."""

import argparse
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from device import settings
from device.errors import InputError
from device.verbs.arguments import whole_number

if TYPE_CHECKING:
    from device.verbs.classify.pictures import PictureClassifier, PictureResult, Tally

log = logging.getLogger(__name__)

HELP = """\
Find the faces in pictures and estimate perceived gender: what a face looks like to a model, female
or male, or "unsure" where the model should not be trusted. It is no fact about a person.

PATH is a picture (JPEG, PNG, BMP, WebP), a folder, searched to its end, or a ZIP. Nothing is
written, nothing leaves this machine. A picture in a folder or ZIP is named PATH/name. A picture
that cannot be read is a line with its error, and the rest goes on.

exit status: 0 perceived gender was estimated for a face, 3 no face in any picture, 4 faces, but all
unsure, 65 nothing could be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look at, with which bundles, for which reader."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="picture, folder or ZIP"
    )
    parser.add_argument(
        "--json", action="store_true", help="one line of JSON per picture, largest face first"
    )
    parser.add_argument(
        "--jobs",
        type=whole_number(1, 64),
        metavar="N",
        default=min(4, os.cpu_count() or 1),
        help="pictures at a time (default here: %(default)s)",
    )
    parser.add_argument("--models", type=Path, metavar="DIR", help="the folder of model bundles")
    parser.add_argument("--detector", metavar="NAME", help="the detector's bundle")
    parser.add_argument("--classifier", metavar="NAME", help="the classifier's bundle")


def run(args: argparse.Namespace) -> int:
    """Classify and print as results come; the exit status says what was seen."""
    from device.verbs.classify.pictures import Tally  # noqa: PLC0415  numpy and the runtime load here

    tally = Tally()
    classifier = _classifier(args)
    for result in _with_progress(classifier, args.paths):
        tally.add(result)
        _print_line(_as_json(result) if args.json else _as_text(result))
    if not args.json:
        _print_line(_summary(tally))
    if tally.exit_status == InputError.exit_status:
        log.error("no picture could be read: give JPEG, PNG, BMP or WebP")
    return tally.exit_status


def _classifier(args: argparse.Namespace) -> "PictureClassifier":
    from device.bundle import open_bundle  # noqa: PLC0415
    from device.verbs.classify.pictures import PictureClassifier  # noqa: PLC0415

    loaded = settings.load(args.settings)
    given = {"directory": args.models, "detector": args.detector, "classifier": args.classifier}
    named = {key: value for key, value in given.items() if value is not None}
    chosen = dataclasses.replace(loaded, models=dataclasses.replace(loaded.models, **named))
    return PictureClassifier(
        open_bundle(chosen.detector_path),
        classifier=open_bundle(chosen.classifier_path),
        jobs=args.jobs,
        threads=chosen.models.threads,
        runtime=chosen.models.runtime,
    )


def _with_progress(classifier: "PictureClassifier", paths: list[Path]) -> "Iterator[PictureResult]":
    """The results, with a bar on standard error while a person looks on."""
    if not sys.stderr.isatty():
        yield from classifier.results(paths)
        return
    from tqdm import tqdm  # noqa: PLC0415

    # Lines that go to the terminal too are printed where the bar stands: it makes room for each.
    shared = sys.stdout.isatty()
    with tqdm(unit=" pictures", leave=False, dynamic_ncols=True) as bar:
        for result in classifier.results(paths):
            bar.total = classifier.found
            if shared:
                bar.clear()
            yield result
            bar.update()
            if shared:
                bar.refresh()


def _print_line(line: str) -> None:
    # Flushed, so that a program at the other end of a pipe sees each picture when it is done.
    print(line, flush=True)


def _as_json(result: "PictureResult") -> str:
    from device.answers import picture_answer  # noqa: PLC0415

    answer = picture_answer(result.file, result.faces, result.error)
    return json.dumps(answer, ensure_ascii=False)


def _as_text(result: "PictureResult") -> str:
    from device.answers import face_answer  # noqa: PLC0415

    if result.error is not None:
        return f"{result.file}: error: {result.error}"
    if not result.faces:
        return f"{result.file}: no face"
    lines = [f"{result.file}:"]
    for face, perception in result.faces:
        seen = face_answer(face, perception)
        x, y, width, height = seen["box"]
        lines.append(
            f"    {seen['perceived_gender']:<6} {seen['confidence']:4.0%}   "
            f"face {width:.0f}x{height:.0f} at {x:.0f},{y:.0f}, "
            f"detection score {seen['detection_score']:.2f}"
            + ("" if perception else ", too small to classify")
        )
    return "\n".join(lines)


def _summary(tally: "Tally") -> str:
    return (
        f"pictures {tally.pictures}, faces {tally.female + tally.male + tally.unsure}; "
        f"perceived gender: female {tally.female}, male {tally.male}, unsure {tally.unsure}; "
        f"pictures without a face {tally.without_face}, unreadable {tally.unreadable}"
    )
