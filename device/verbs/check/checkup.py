# SPDX-License-Identifier: Apache-2.0
"""Looks at everything that could keep Passerby from running, and tells all of it at once."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from device import settings
from device.bundle import open_bundle
from device.bundle.golden import replay
from device.bundle.manifest import DETECTION
from device.cameras.finding import Found, NoneFound, find_cameras
from device.classifier import Classifier
from device.detector import Detector
from device.errors import (
    EXIT_OK,
    CameraError,
    CheckFailedError,
    InputError,
    PasserbyError,
    RuntimeMissingError,
    SettingsError,
    StoreError,
)
from device.interpreter import RuntimeChoice, installed_runtimes, runtime_version
from device.pictures import open_source
from device.settings import Settings
from device.store.ledger_reader import read_counts

Role = type[Detector] | type[Classifier]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `message` says what it is, or what is wrong with it."""

    subject: str
    ok: bool
    message: str
    code: str = "ok"
    exit_status: int = EXIT_OK


def exit_status(findings: Iterable[Finding]) -> int:
    """0 when all is right, the code of a single fault, else that of a failed check."""
    wrong = [finding.exit_status for finding in findings if not finding.ok]
    if len(wrong) > 1:
        return CheckFailedError.exit_status
    return wrong[0] if wrong else EXIT_OK


def check_everything(path: Path | None, *, models: Path | None = None) -> Iterator[Finding]:
    """All findings, in the order of a start.

    Args:
        path: the settings file, None for the one that applies.
        models: a folder of bundles in place of the settings' own.
    """
    chosen, faults = settings.read(path)
    for fault in faults:
        yield Finding("settings", False, fault, SettingsError.code, SettingsError.exit_status)
    if not faults:
        yield Finding("settings", True, str(settings.find(path) or "defaults, no file"))
    yield _look("runtime", _runtime)
    folder = models or chosen.models_directory
    roles: dict[str, Role] = {
        chosen.models.classifier: Classifier,
        chosen.models.detector: Detector,
    }
    for name in _bundle_names(chosen, folder):
        look = partial(_bundle, folder / name, roles.get(name), chosen.models.runtime)
        yield _look(f"bundle {name}", look)
    yield _look("camera", partial(_camera, chosen))
    if chosen.store.enabled:
        yield _look("store", partial(_store, chosen.store_path))
    for name in ("state_directory", "run_directory"):
        yield _look(name, partial(_directory, getattr(chosen, name)))


def _look(subject: str, at: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, at())
    except PasserbyError as error:
        return Finding(subject, False, str(error), error.code, error.exit_status)


def _bundle_names(chosen: Settings, folder: Path) -> list[str]:
    """The bundles that the settings name, there or not, then the others of the folder."""
    others = sorted(folder.iterdir()) if folder.is_dir() else []
    visible = [path.name for path in others if path.is_dir() and not path.name.startswith(".")]
    return list(dict.fromkeys([chosen.models.detector, chosen.models.classifier, *visible]))


def _runtime() -> str:
    found = installed_runtimes()
    if not found:
        raise RuntimeMissingError(
            "no TFLite runtime is installed, expected ai-edge-litert or tflite-runtime; "
            "run: pip install 'passerby[litert]'"
        )
    return ", ".join(f"{name} {runtime_version(name)}" for name in found)


def _bundle(path: Path, role: Role | None, runtime: RuntimeChoice) -> str:
    """Open the bundle for its role in the settings, or for what it says it is, and replay it."""
    bundle = open_bundle(path)
    kind = role or (Detector if bundle.manifest.task == DETECTION else Classifier)
    replay(kind(bundle, runtime=runtime))
    return f"{bundle.identity}, {len(bundle.manifest.golden.cases)} golden pictures as recorded"


def _camera(chosen: Settings) -> str:
    """That it is there; it is not opened, since a running daemon holds it."""
    path = chosen.camera.path
    if chosen.camera.source == "fake":
        return "the fake one: no real camera is watched"
    if chosen.camera.source != "replay":
        return _live_camera(chosen.camera.source)
    if path is None:
        return "replay without camera.path: `passerby run` will want --path"
    try:
        with open_source(path) as source:
            return f"replay of {path}, {len(source.names)} pictures"
    except InputError as error:
        raise CameraError(f"camera.path: {error}") from error


def _live_camera(kind: str) -> str:
    answers = [answer for answer in find_cameras() if answer.kind == kind]
    found = [answer.name for answer in answers if isinstance(answer, Found)]
    if not found:
        raise CameraError("; ".join(a.reason for a in answers if isinstance(a, NoneFound)))
    return f"{kind}: {', '.join(found)}"


def _store(path: Path) -> str:
    if not path.exists():
        return f"{path}, not there yet; {_directory(path.parent)}"
    read_counts(path)
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise StoreError(f"{path} is not sound ({said}): the daemon will set it aside and go on")
    if not os.access(path, os.W_OK):
        raise StoreError(
            f"{path} cannot be written by user {os.geteuid()}, expected a file of the daemon's own "
            "user on a disk that can be written: change its owner, or remount the disk"
        )
    return f"{path}, sound"


def _directory(path: Path) -> str:
    """That `path` can be written, or made where it is missing."""
    existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise StoreError(f"{existing} is no directory, expected one for {path}: name another")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise StoreError(
            f"{existing} cannot be written by user {os.geteuid()}, expected a directory for {path}:"
            " change its owner, remount a read-only disk, or check as the daemon's user"
        )
    return f"{path} can be written" if existing == path else f"{path} can be made"
