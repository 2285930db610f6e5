# SPDX-License-Identifier: Apache-2.0
"""`passerby capture`: one look through the camera, through the daemon if one runs."""

import argparse
import base64
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from device.errors import (
    EXIT_NO_FACE,
    EXIT_OK,
    EXIT_UNSURE,
    InputError,
    NotRunningError,
    RefusedError,
)
from device.verbs.arguments import daemon_directory, seconds

if TYPE_CHECKING:
    from device.control.request import Request
    from device.settings import Settings

HELP = """\
Look once through the camera and say who is there: faces with their perceived gender, largest first.
Asks the running daemon if there is one, else opens the camera itself. Exit status: 0 a face was
seen, 3 no face, 4 faces, but perceived gender is unsure for all. No picture is kept unless --still
asks for this one.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own options."""
    _add_questions(parser)
    parser.add_argument("--path", type=Path, help="what a replay plays, where no daemon runs")
    # For scripts/forced-capture: the words that a client asked for, in place of all others.
    parser.add_argument("--forced", metavar="WORDS", help=argparse.SUPPRESS)


def _add_questions(parser: argparse.ArgumentParser) -> None:
    """What may be asked from afar, too."""
    from device.control.request import MAX_WAIT_SECONDS  # noqa: PLC0415

    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument(
        "--still", metavar="FILE", help="also write the frame as JPEG; - is standard output"
    )
    parser.add_argument(
        "--wait-face",
        type=seconds(MAX_WAIT_SECONDS),
        default=0.0,
        metavar="SECONDS",
        help="how long to wait for a face; without it, the next frame is taken as it is",
    )


def run(args: argparse.Namespace) -> int:
    """Print what one look sees; 0 a face, 3 none, 4 unsure."""
    from device.control.client import ControlClient  # noqa: PLC0415
    from device.control.request import Request  # noqa: PLC0415

    if args.forced is not None:
        args = _forced(args)
    request = Request("capture", wait_face_seconds=args.wait_face, still=bool(args.still))
    try:
        answer = ControlClient(daemon_directory(args.settings)).ask(request)
    except NotRunningError:
        answer = _look(_settings(args), request)
    still = answer.pop("still", None)
    if args.still:
        _write_still(args.still, base64.b64decode(still or ""))
    # What a program reads must not be mixed with the picture.
    target = sys.stderr if args.still == "-" else sys.stdout
    print(json.dumps(answer) if args.json else sentences(answer), file=target)
    return exit_status(answer)


def _settings(args: argparse.Namespace) -> "Settings":
    from device.settings import load  # noqa: PLC0415

    settings = load(args.settings)
    if args.path is None:
        return settings
    return replace(settings, camera=replace(settings.camera, path=args.path))


def exit_status(answer: dict[str, Any]) -> int:
    """0 a face was seen, 3 none, 4 perceived gender is unsure for all."""
    faces = answer["faces"]
    if not faces:
        return EXIT_NO_FACE
    unsure = all(face["perceived_gender"] == "unsure" for face in faces)
    return EXIT_UNSURE if unsure else EXIT_OK


def sentences(answer: dict[str, Any]) -> str:
    """The answer for a person: one line per face."""
    lines = [f"frame {answer['frame']} of {answer['file']}: {len(answer['faces'])} face(s)"]
    for face in answer["faces"]:
        x, y, width, height = face["box"]
        lines.append(
            f"  perceived gender {face['perceived_gender']}, confidence {face['confidence']:.2f}, "
            f"{width:.0f} x {height:.0f} pixels at {x:.0f}, {y:.0f}"
        )
    return "\n".join(lines)


class _Forced(argparse.ArgumentParser):
    """Understands what a key that is bound to captures may ask, and refuses all else."""

    def error(self, message: str) -> NoReturn:
        """Refuse.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(
            f"this key may not ask that ({message}), expected: passerby capture [--json] "
            "[--still -] [--wait-face SECONDS]"
        )


def _forced(args: argparse.Namespace) -> argparse.Namespace:
    """The arguments that the client's own words make; the key's owner chose settings and path.

    Raises:
        RefusedError: the words are anything but a capture that leaves no file here.
    """
    parser = _Forced(add_help=False, allow_abbrev=False)
    _add_questions(parser)
    try:
        words = shlex.split(args.forced)
    except ValueError as error:
        parser.error(str(error))
    if words[:2] != ["passerby", "capture"]:
        parser.error(f"{args.forced[:60]!r}")
    asked = parser.parse_args(words[2:])
    if asked.still not in (None, "-"):
        parser.error("a still is written over there: --still -")
    return argparse.Namespace(**{**vars(args), **vars(asked)})


def _look(settings: "Settings", request: "Request") -> dict[str, Any]:
    """Open the camera and take the first frame, or the first with a face within the wait."""
    from device.app import open_eyes  # noqa: PLC0415  loads numpy and the runtime
    from device.control.reception import capture_answer  # noqa: PLC0415
    from device.errors import CameraEndedError  # noqa: PLC0415
    from device.stills import encode_jpeg  # noqa: PLC0415

    with open_eyes(settings) as (camera, pipeline, clock):
        deadline = clock.monotonic() + request.wait_face_seconds
        frame = camera.capture(settings.camera.timeout_seconds)
        seen = pipeline.process(frame)
        while not seen.sightings and clock.monotonic() < deadline:
            try:
                frame = camera.capture(settings.camera.timeout_seconds)
            except CameraEndedError:
                break
            seen = pipeline.process(frame)
        answer = capture_answer(camera.name, seen)
        if request.still:
            answer["still"] = base64.b64encode(encode_jpeg(frame.pixels)).decode("ascii")
    return answer


def _write_still(target: str, jpeg: bytes) -> None:
    if target == "-":
        sys.stdout.buffer.write(jpeg)
        sys.stdout.buffer.flush()
        return
    try:
        Path(target).write_bytes(jpeg)
    except OSError as error:
        raise InputError(
            f"the still cannot be written to {target} ({error.strerror}), expected a file in a "
            "folder that can be written: name another"
        ) from error
