# SPDX-License-Identifier: Apache-2.0
"""Writes bundles: the only writer. What it writes is opened and verified before it goes live."""

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from device.bundle import open_bundle
from device.bundle.manifest import (
    FORMAT,
    MANIFEST,
    NAME,
    ClassifierDecision,
    Data,
    DetectorDecision,
    Evidence,
    Golden,
    Input,
    Manifest,
    ModelFile,
    Output,
)
from device.errors import BundleError
from training.report.contents import PUBLISHED

MODEL_NAMES: Final = ("model.tflite", "second.tflite")


@dataclass(frozen=True, slots=True)
class BundleDraft:
    """All that goes into a bundle; sizes, hashes, date and commit are filled in on writing.

    Attributes:
        models: the bytes of the .tflite file, and of the second model's where there is one.
        golden_files: picture bytes by the file names that `golden` names.
        texts: further text files of the bundle by name (notice, licences).
        card: CARD.md.
        report: a folder copied to `report/`, or None; it may hold files of
            training/report/contents.py only, so that no face but the golden ones gets out.
    """

    name: str
    version: str
    task: Literal["face-detection", "face-attribute"]
    producer: str
    models: Sequence[bytes]
    input: Input
    output: Output
    decision: ClassifierDecision | DetectorDecision
    evidence: Evidence
    data: Data
    golden: Golden
    golden_files: Mapping[str, bytes]
    card: str
    texts: Mapping[str, str] = field(default_factory=dict)
    report: Path | None = None


def write_bundle(target: Path, draft: BundleDraft) -> Path:
    """Write `draft` to the folder `target`, replacing an earlier bundle there in one step.

    Raises:
        BundleError: what was written does not open as a bundle, the report holds what no bundle
            may, or see `check_target`; `target` is left as it was.
    """
    check_target(target)
    _check_report(draft.report)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=target.parent) as scratch:
        fresh = Path(scratch) / target.name
        _fill(fresh, draft)
        open_bundle(fresh)
        if target.exists():
            target.rename(Path(scratch) / "replaced")
        fresh.rename(target)
    return target


def check_target(target: Path) -> None:
    """Refuse a folder that a bundle cannot be written to.

    Raises:
        BundleError: its name cannot be a bundle's, or what is there is no bundle: writing would
            throw it away.
    """
    if not re.fullmatch(NAME, target.name):
        raise BundleError(
            f"{target}: {target.name!r} cannot name a bundle, expected small letters, digits, "
            "dots, dashes and underscores, a letter or digit first"
        )
    empty = target.is_dir() and not any(target.iterdir())
    if target.exists() and not empty and not (target / MANIFEST).is_file():
        raise BundleError(
            f"{target} is there and is no bundle, and only bundles are replaced; name another"
        )


def _check_report(report: Path | None) -> None:
    """Refuse files that are not on the list of what may be published, e.g. pages with faces."""
    found = set() if report is None else {str(p.relative_to(report)) for p in report.rglob("*")}
    if strange := sorted(found - PUBLISHED):
        raise BundleError(
            f"{report}: {', '.join(strange)} must not get into a bundle, expected nothing but the "
            "files of training/report/contents.py; move the others away"
        )


def _fill(folder: Path, draft: BundleDraft) -> None:
    (folder / "golden").mkdir(parents=True)
    write_models(folder, draft)
    for name, blob in draft.golden_files.items():
        (folder / "golden" / name).write_bytes(blob)
    for name, text in {**draft.texts, "CARD.md": draft.card}.items():
        (folder / name).write_text(text, "utf-8")
    if draft.report is not None:
        shutil.copytree(draft.report, folder / "report")
    encoded = msgspec.json.format(msgspec.json.encode(as_manifest(draft)), indent=1)
    (folder / MANIFEST).write_bytes(encoded + b"\n")


def write_models(folder: Path, draft: BundleDraft) -> None:
    """Write the model files alone."""
    for name, model in zip(MODEL_NAMES, draft.models, strict=False):
        (folder / name).write_bytes(model)


def as_manifest(draft: BundleDraft) -> Manifest:
    """The manifest of a draft as of now."""
    files = [
        ModelFile(name=name, bytes=len(model), sha256=hashlib.sha256(model).hexdigest())
        for name, model in zip(MODEL_NAMES, draft.models, strict=False)
    ]
    return Manifest(
        format=FORMAT,
        name=draft.name,
        version=draft.version,
        task=draft.task,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        producer=draft.producer,
        git_commit=git_commit(),
        file=files[0],
        second=files[1] if len(files) > 1 else None,
        input=draft.input,
        output=draft.output,
        decision=draft.decision,
        evidence=draft.evidence,
        data=draft.data,
        golden=draft.golden,
    )


def git_commit() -> str:
    """The commit that this code is at, or "unknown" outside a checkout or without git."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"
