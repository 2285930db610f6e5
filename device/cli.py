# SPDX-License-Identifier: Apache-2.0
"""The command line: one table of verbs, and the only place where an error becomes text.

A verb is a module `device/verbs/<verb>.py`, or a package where it brings works of its own, with
`HELP` (one paragraph), `add_arguments(parser)` and `run(args) -> int`. It is imported when it is
chosen and not before, so that `passerby --help` needs neither numpy nor a runtime.
"""

import argparse
import importlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

from device import __version__, streams
from device.closing import leave
from device.errors import EXIT_OK, EXIT_UNEXPECTED, PasserbyError

log = logging.getLogger(__name__)

VERBS: Final[dict[str, str]] = {
    "run": "watch the camera and count visits until stopped",
    "cameras": "list the cameras that there are, and what to write to use one",
    "capture": "look once through the camera and say who is there",
    "classify": "estimate perceived gender in pictures, folders or ZIPs",
    "status": "ask the running daemon how it fares",
    "report": "print counts per hour or day from the store",
    "check": "verify settings, model bundles, store and directories",
    "doctor": "examine machine and installation, and say what to do",
    "bench": "measure each stage's time and the memory on this machine",
    "model": "list the model bundles and show what is known of one",
    "config": "show the settings in force, or a documented sample",
}

EPILOG: Final = """\
exit statuses:
  0   done; classify and capture: a face was seen
  1   an error that Passerby did not foresee, or output that cannot be written
  2   the command line itself is wrong
  3   no face (a result, not an error)
  4   faces, but perceived gender is unsure for all (a result, not an error)
  10  camera: missing, unreadable or gone         11  camera-stalled: no frame in time
  12  camera-black: nothing but black frames
  20  bundle: missing, damaged or unknown format  21  runtime: no TFLite runtime loads
  30  configuration: faults in the settings       40  busy: another process holds the camera
  50  store: visits cannot be read or written     55  display: the screen cannot be used
  60  control: the daemon does not answer         61  not-running: there is no daemon to ask
  65  input: nothing given could be read          66  dataset: malformed as a whole
  67  training: a training run cannot go on       70  check-failed: several things are wrong
  77  refused: more than this SSH key may ask     80  memory: over the ceiling, start anew
  130 interrupted                                 141 the reader of the output has gone
  143  stopped: a training run has saved all and ended, as asked

Settings come from --settings FILE, else $PASSERBY_SETTINGS, /etc/passerby/passerby.toml or
~/.config/passerby/passerby.toml, else defaults. PASSERBY_DEBUG=1 shows tracebacks.
Perceived gender is what a picture looks like to a model, never a fact about a person.
"""

_EXIT_INTERRUPTED = 130
# What a shell reports for a program that ended by SIGPIPE.
_EXIT_BROKEN_PIPE = 141


def enter() -> NoReturn:
    """Run one verb and end the process: what `passerby` and `python -m device` are."""
    leave(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status; `argv` without the program's name."""
    streams.prepare()
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, e.g. `| head`
        streams.abandon_output()
        return _EXIT_BROKEN_PIPE
    except OSError as error:  # every other one was told of within
        streams.abandon_output()
        print(
            f"passerby: output: standard output cannot be written ({error.strerror}), expected "
            "room for the result: make some, or send it elsewhere",
            file=sys.stderr,
        )
        return EXIT_UNEXPECTED


def _run(words: list[str]) -> int:
    verb = _parser(None, add_help=False).parse_known_args(words)[0].verb
    module = importlib.import_module(f"device.verbs.{verb}") if verb else None
    parser = _parser(module)
    args = parser.parse_args(words)
    if module is None:
        parser.print_help()
        return EXIT_OK
    logging.basicConfig(level=_log_level(args), format="%(levelname)s %(name)s: %(message)s")
    return _guarded(module, args)


def _parser(chosen: ModuleType | None, *, add_help: bool = True) -> argparse.ArgumentParser:
    """The parser of all verbs; only that of the `chosen` module knows its own arguments."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="passerby",
        description="Counts visits and estimates perceived gender, offline, keeping no picture.",
        epilog=EPILOG,
        formatter_class=layout,
        add_help=add_help,
    )
    parser.add_argument("--version", action="version", version=f"passerby {__version__}")
    _add_common(parser, default=None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for verb, line in VERBS.items():
        sub = verbs.add_parser(verb, help=line, formatter_class=layout, add_help=add_help)
        _add_common(sub, default=argparse.SUPPRESS)
        if chosen is not None and chosen.__name__ == f"device.verbs.{verb}":
            sub.description = chosen.HELP
            chosen.add_arguments(sub)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    """Options that may stand before or after the verb; the later parser must not reset them."""
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", default=default, help="the settings file (TOML)"
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default=default,
        help="how much to say on standard error (run: info, else warning)",
    )


def _log_level(args: argparse.Namespace) -> int:
    name = args.log_level or ("info" if args.verb == "run" else "warning")
    return logging.getLevelNamesMapping()[str(name).upper()]


def _guarded(verb: ModuleType, args: argparse.Namespace) -> int:
    """Run the verb; whatever it raises becomes one sentence and an exit status."""
    try:
        return int(verb.run(args))
    except PasserbyError as error:
        return _tell(args, error.code, str(error), error.exit_status)
    except KeyboardInterrupt:
        _show_trace()
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  the boundary: a person gets a sentence, never a dump
        words = f"{type(error).__name__}: {error} (not foreseen; PASSERBY_DEBUG=1 tells where)"
        return _tell(args, "unexpected", words, EXIT_UNEXPECTED)


def _tell(args: argparse.Namespace, code: str, message: str, exit_status: int) -> int:
    """One error as text on standard error, and as JSON on standard output where that is read."""
    _show_trace()
    for line in message.splitlines() or [""]:
        print(f"passerby: {code}: {line}", file=sys.stderr)
    if getattr(args, "json", False):
        error = {"code": code, "message": message, "exit_status": exit_status}
        print(json.dumps({"error": error}, ensure_ascii=False))
    return exit_status


def _show_trace() -> None:
    if os.environ.get("PASSERBY_DEBUG", "") not in ("", "0"):
        traceback.print_exc()
