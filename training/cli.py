# SPDX-License-Identifier: Apache-2.0
"""`python -m training VERB`: one table of verbs, and the place where an error becomes text.

A verb is a module `training/verbs/<verb>.py` with `HELP` (one paragraph), `add_arguments(parser)`
and `run(args) -> int`. It is imported when it is chosen and not before, so that `--help` needs
neither numpy nor TensorFlow.
"""

import argparse
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from device import __version__
from device.errors import EXIT_OK, EXIT_UNEXPECTED, PasserbyError

VERBS: Final[dict[str, str]] = {
    "inspect": "say what is in a labelled ZIP or folder: counts, faults, duplicates, leakage",
    "detectors": "fetch the face detectors, check them and write their bundles",
    "prepare": "find and cut every face exactly as the device will",
    "train": "train a classifier on prepared faces; resumes after a kill",
    "thaw": "take a bundle's int8 model back to a run, to start or teach another",
    "evaluate": "measure a bundle over the whole path, by group",
    "export": "quantise a trained model to int8 and write the bundle for the device",
    "compare": "float, int8 and quantisation-aware models side by side on the same pictures",
    "gate": "judge a bundle by its recorded evidence: groups, women and men, int8, calibration",
    "scenes": "compose scenes of people walking past, with the truth, and measure counting",
    "demo": "serve a page that tries the shipped models on pictures; writes Spaces, too",
    "studio": "a web page for all of this: upload, look, train, judge, predict, ship",
}

EPILOG: Final = """\
the usual order, each verb explaining itself with --help:
  inspect    what have I got?           detectors   once
  prepare    train    evaluate    export      gate        compare

exit statuses:
  0   done                                      1   a file that cannot be written, or worse
  2   the command line itself is wrong          20  bundle: missing or damaged
  21  runtime: a needed package is missing      65  input: a picture, ZIP or folder is unusable
  66  dataset: labels are in no known format    67  training: diverged, or a worker went away
  71  gate: the evidence does not pass          130 interrupted
  143 stopped: by SIGTERM, ready to go on

PASSERBY_DEBUG=1 shows tracebacks. Labels are of perceived gender: what a picture looked like to the
people who labelled it, never a fact about a person.
"""

# Packages of the `training` extra, by the name under which they are imported.
TRAINING_PACKAGES: Final = frozenset(
    {
        "tensorflow",
        "tf_keras",
        "ai_edge_litert",
        "matplotlib",
        "tqdm",
        "h5py",
    }
)

_EXIT_INTERRUPTED = 130
_EXIT_BROKEN_PIPE = 141
_EXIT_RUNTIME = 21


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status; `argv` without the program's name."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in words if not word.startswith("-")), None)
    try:
        module = importlib.import_module(f"training.verbs.{chosen}") if chosen in VERBS else None
        parser = _parser(module)
        args = parser.parse_args(words)
        if module is None:
            parser.print_help()
            return EXIT_OK
        logging.basicConfig(
            level=args.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
        )
        status = int(module.run(args))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone, e.g. `| head`; the interpreter's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BROKEN_PIPE
    except PasserbyError as error:
        return _tell(error.code, str(error), error.exit_status)
    except KeyboardInterrupt:
        return _tell("interrupted", "stopped by the keyboard", _EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001  the boundary: a person gets a sentence, never a dump
        return _unforeseen(error)
    return status


def _parser(chosen: ModuleType | None) -> argparse.ArgumentParser:
    """The parser of all verbs; only that of the `chosen` module knows its own arguments."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="training",
        description="Turns labelled pictures of faces into a model bundle for the device.",
        epilog=EPILOG,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=f"passerby {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for verb, line in VERBS.items():
        sub = verbs.add_parser(verb, help=line, formatter_class=layout)
        sub.add_argument(
            "--log-level",
            choices=("debug", "info", "warning", "error"),
            default="info",
            help="how much to say on standard error (default: info)",
        )
        if chosen is not None and chosen.__name__ == f"training.verbs.{verb}":
            sub.description = chosen.HELP
            chosen.add_arguments(sub)
    return parser


def _unforeseen(error: Exception) -> int:
    if isinstance(error, ModuleNotFoundError) and error.name in TRAINING_PACKAGES:
        message = (
            f"{error.name} is not installed; training needs it: pip install 'passerby[training]'"
        )
        return _tell("runtime", message, _EXIT_RUNTIME)
    if isinstance(error, OSError) and error.filename is not None:
        words = f"{error.filename}: {error.strerror}; expected a place that can be read and written"
        return _tell("files", words, EXIT_UNEXPECTED)
    words = f"{type(error).__name__}: {error} (not foreseen; PASSERBY_DEBUG=1 tells where)"
    return _tell("unexpected", words, EXIT_UNEXPECTED)


def _tell(code: str, message: str, exit_status: int) -> int:
    if os.environ.get("PASSERBY_DEBUG", "") not in ("", "0"):
        traceback.print_exc()
    for line in message.splitlines() or [""]:
        print(f"training: {code}: {line}", file=sys.stderr)
    return exit_status
