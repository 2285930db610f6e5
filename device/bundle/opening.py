# SPDX-License-Identifier: Apache-2.0
"""The model bundle: opening one, verifying one.

A bundle is a folder: `bundle.json` (see device/bundle/manifest.py), the model, its card, `golden/`
and `report/`. training/bundle_writer.py is the only writer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from device.bundle.manifest import (
    DETECTION,
    FORMAT,
    MANIFEST,
    ClassifierDecision,
    DetectorDecision,
    Manifest,
    ModelFile,
)
from device.digest import sha256
from device.errors import BundleError

if TYPE_CHECKING:
    from device.interpreter import Interpreter


class _FormatOnly(msgspec.Struct):
    format: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: its manifest is valid and its model files are those that it names."""

    path: Path
    manifest: Manifest

    @property
    def models(self) -> tuple[Path, ...]:
        """The .tflite file, and that of the second model where there is one."""
        return tuple(self.path / file.name for file in self.manifest.files)

    @property
    def identity(self) -> str:
        """Name, version and the first digits of the hash of each model."""
        manifest = self.manifest
        hashes = " + ".join(file.sha256[:12] for file in manifest.files)
        return f"{manifest.name} {manifest.version} ({hashes})"

    def check_input(self, interpreter: "Interpreter") -> None:
        """Compare the manifest's input with the model's own tensor.

        Raises:
            BundleError: shape, dtype or input quantisation differ.
        """
        stated = self.manifest.input
        channels = 3 if stated.colour == "rgb" else 1
        seen = (*interpreter.input_shape, str(interpreter.input_dtype))
        expected = (1, stated.height, stated.width, channels, stated.dtype)
        if seen != expected:
            raise BundleError(
                f"{self.path}: the model takes {seen}, the manifest says {expected}; "
                "export it again"
            )
        if stated.dtype == "int8" and interpreter.input_zero_point != 0:
            raise BundleError(
                f"{self.path}: the input's zero point is {interpreter.input_zero_point}, "
                "expected 0 (pixel - 128); export the bundle again"
            )


def open_bundle(path: Path) -> Bundle:
    """Read and verify the bundle in the folder `path`.

    Raises:
        BundleError: with every fault found, each naming what was seen and expected.
    """
    manifest = read_manifest(path)
    faults = [*_file_faults(path, manifest), *_consistency_faults(manifest)]
    if faults:
        raise BundleError(f"{path}: " + "; ".join(faults))
    return Bundle(path, manifest)


def read_manifest(path: Path) -> Manifest:
    """Read bundle.json of the folder `path` without looking at the model."""
    try:
        text = (path / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path}: no readable {MANIFEST} here ({error.strerror}), expected a model bundle; "
            "detectors are fetched by scripts/fetch-detectors, `passerby model` lists what is there"
        ) from error
    try:
        number = msgspec.json.decode(text, type=_FormatOnly).format
        if number != FORMAT:
            raise BundleError(
                f"{path}: bundle format {number}, this Passerby reads format {FORMAT}; "
                f"{'update Passerby' if number > FORMAT else 'export the bundle again'}"
            )
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise BundleError(f"{path / MANIFEST}: {error}; export the bundle again") from error


def _file_faults(path: Path, manifest: Manifest) -> list[str]:
    missing = [
        f"golden/{case.file} is missing, copy the bundle again"
        for case in manifest.golden.cases
        if not (path / "golden" / case.file).is_file()
    ]
    return [*(fault for file in manifest.files for fault in _model_faults(path, file)), *missing]


def _model_faults(path: Path, stated: ModelFile) -> Iterator[str]:
    model = path / stated.name
    if not model.is_file():
        yield f"the model file {stated.name} is missing, fetch or export it again"
    elif (size := model.stat().st_size) != stated.bytes:
        yield f"{stated.name} has {size} bytes, expected {stated.bytes}"
    elif (digest := sha256(model)) != stated.sha256:
        yield (
            f"{stated.name} is damaged: SHA-256 {digest[:12]}..., "
            f"expected {stated.sha256[:12]}...; copy the bundle again"
        )


def _consistency_faults(manifest: Manifest) -> list[str]:
    """What the schema cannot say: the blocks must fit the task and each other."""
    faults = []
    if manifest.task == DETECTION:
        if manifest.output.decoding is None or not isinstance(manifest.decision, DetectorDecision):
            faults.append("a detector needs output.decoding and a detector's decision block")
        if manifest.second is not None:
            faults.append("a second model is a classifier's, and this is a detector")
        return faults
    crop = manifest.input.crop
    if crop is None or not isinstance(manifest.decision, ClassifierDecision):
        faults.append("a classifier needs input.crop and a classifier's decision block")
    elif not crop.size == manifest.input.width == manifest.input.height:
        faults.append(f"input.crop.size is {crop.size}, expected the input's width and height")
    elif crop.colour != manifest.input.colour:
        faults.append(f"input.crop.colour is {crop.colour}, expected {manifest.input.colour}")
    elif not 0 <= crop.margin <= crop.size // 4:
        faults.append(f"input.crop.margin is {crop.margin}, expected 0 to {crop.size // 4}")
    if sorted(manifest.output.labels) != ["female", "male"]:
        faults.append(
            f"labels are {list(manifest.output.labels)}, expected female and male, export it again"
        )
    if manifest.second is not None and manifest.second.name == manifest.file.name:
        faults.append(f"both models are in {manifest.file.name}, expected a file for each")
    if not manifest.evidence.tests:
        faults.append("evidence.tests is empty, expected accuracy on at least one test set")
    return faults
