# SPDX-License-Identifier: Apache-2.0
"""`passerby model`: which bundles are there, and what is known of one."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device import settings
from device.errors import BundleError

if TYPE_CHECKING:
    from device.bundle.manifest import EvaluatedSet, Manifest

HELP = """\
List the model bundles, or show all that is known of one: what it takes, when it answers "unsure",
how accurate it was on which pictures and groups, what it was trained on and where it lacks.

A * marks the bundles that the settings choose.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which bundle, from where, for which reader."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this bundle (default: list)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--models", type=Path, metavar="DIR", help="the folder of model bundles")


def run(args: argparse.Namespace) -> int:
    """List or show.

    Raises:
        BundleError: the bundle to show is missing or faulty, or there is no bundle at all.
    """
    loaded = settings.load(args.settings)
    folder = args.models or loaded.models_directory
    if args.name is not None:
        _show(folder / args.name, as_json=args.json)
        return 0
    chosen = (loaded.models.detector, loaded.models.classifier)
    rows = [_row(path, path.name in chosen) for path in _bundles(folder)]
    if args.json:
        print(json.dumps({"directory": str(folder), "bundles": rows}, indent=2))
    else:
        for row in rows:
            print(_line(row))
    return 0


def _bundles(folder: Path) -> list[Path]:
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    bundles = [path for path in found if path.is_dir() and not path.name.startswith(".")]
    if not bundles:
        raise BundleError(
            f"no bundle in {folder}, expected folders with a bundle.json; name the right folder "
            "with --models or models.directory"
        )
    return bundles


def _row(path: Path, chosen: bool) -> dict[str, Any]:
    """What the list says of one bundle; a faulty one is listed with its fault."""
    from device.bundle import open_bundle  # noqa: PLC0415

    row: dict[str, Any] = {"name": path.name, "chosen": chosen, "fault": None}
    try:
        manifest = open_bundle(path).manifest
    except BundleError as error:
        return row | {"fault": str(error)}
    return row | {
        "task": manifest.task,
        "version": manifest.version,
        "bytes": manifest.model_bytes,
        "sha256": {one.name: one.sha256 for one in manifest.files},
        "accuracy": {test.name: test.accuracy.value for test in manifest.evidence.tests},
        "decision": _decision(manifest),
    }


def _decision(manifest: "Manifest") -> dict[str, Any]:
    from msgspec import to_builtins  # noqa: PLC0415

    plain: dict[str, Any] = to_builtins(manifest.decision)
    return plain


def _line(row: dict[str, Any]) -> str:
    mark = "*" if row["chosen"] else " "
    if row["fault"]:
        return f"{mark} {row['name']}: FAULT: {row['fault']}"
    told = [f"{value:.1%} on {name}" for name, value in row["accuracy"].items()]
    rules = [f"{key} {value}" for key, value in row["decision"].items() if key != "kind"]
    return (
        f"{mark} {row['name']} {row['version']}: {row['task']}, {row['bytes'] / 1e6:.2f} MB, "
        f"{', '.join(told) or 'accuracy: see its card'}; {', '.join(rules)}"
    )


def _show(path: Path, *, as_json: bool) -> None:
    from msgspec import to_builtins  # noqa: PLC0415

    from device.bundle import open_bundle  # noqa: PLC0415

    manifest = open_bundle(path).manifest
    if as_json:
        print(json.dumps(to_builtins(manifest), indent=2))
        return
    taken = manifest.input
    rules = [f"{key} {value}" for key, value in _decision(manifest).items() if key != "kind"]
    rows = [
        ("name", f"{manifest.name} {manifest.version} ({manifest.task})"),
        ("made", f"{manifest.created} by {manifest.producer}, commit {manifest.git_commit}"),
        *(("file", f"{one.name}, {one.bytes} bytes, {one.sha256}") for one in manifest.files),
        ("input", f"{taken.width}x{taken.height} {taken.colour} {taken.dtype}"),
        ("labels", ", ".join(manifest.output.labels) or "faces"),
        ("decision", ", ".join(rules)),
        *(("accuracy", line) for test in manifest.evidence.tests for line in _figures(test)),
        ("evidence", manifest.evidence.source),
        ("trained on", "; ".join(manifest.data.sources)),
        ("licence", manifest.data.licence),
        *(("known gap", gap) for gap in manifest.data.known_gaps),
        ("golden", f"{len(manifest.golden.cases)} pictures, {manifest.golden.architecture}"),
    ]
    for title, text in rows:
        if text:
            print(f"{title:<12}{text}")


def _figures(test: "EvaluatedSet") -> list[str]:
    """One line for the whole set and one for each group, with 95 % intervals."""
    named = {f"{test.name} ({test.method})": test.accuracy, **test.groups}
    return [
        f"{figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%}), n {figure.n}: {name}"
        for name, figure in named.items()
    ]
