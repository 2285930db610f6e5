# SPDX-License-Identifier: Apache-2.0
"""Damaged and foreign bundles are refused with a sentence; sound ones open."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from device.bundle import open_bundle
from device.bundle.manifest import ClassifierDecision
from device.classifier import Classifier
from device.errors import BundleError


@pytest.fixture
def bundle(models_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(models_directory / "default", tmp_path / "default"))


def edit(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = bundle / "bundle.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["default", "blazeface-short", "blazeface-back"])
def test_shipped_bundles_open(name: str, models_directory: Path) -> None:
    opened = open_bundle(models_directory / name)
    assert opened.manifest.name == name
    assert opened.identity.startswith(f"{name} ")


def test_shipped_files_keep_their_size(models_directory: Path) -> None:
    assert open_bundle(models_directory / "default").manifest.model_bytes <= 2_700_000
    assert open_bundle(models_directory / "blazeface-short").manifest.file.bytes == 229_032


def test_default_carries_its_evidence(models_directory: Path) -> None:
    evidence = open_bundle(models_directory / "default").manifest.evidence
    assert evidence.quantisation is not None
    written = json.loads((models_directory / "default" / "bundle.json").read_text())
    assert set(written["golden"]["tolerance"]) == {"steps", "probability", "pixels", "score"}
    assert all(
        one.accuracy.low <= one.accuracy.value <= one.accuracy.high for one in evidence.tests
    )


def _undecided(name: str, manifest: dict[str, Any]) -> None:
    manifest["decision"].pop(name, None)


def test_a_bundle_without_an_offset_or_a_second_look_has_none(bundle: Path) -> None:
    for name in ("offset", "second_look"):
        edit(bundle, partial(_undecided, name))
    decision = open_bundle(bundle).manifest.decision
    assert isinstance(decision, ClassifierDecision)
    assert decision.offset == 0.0
    assert decision.second_look == 0.0


def test_a_flipped_byte_is_refused(bundle: Path) -> None:
    model = bundle / "model.tflite"
    blob = bytearray(model.read_bytes())
    blob[len(blob) // 2] ^= 1
    model.write_bytes(blob)
    with pytest.raises(BundleError, match=r"model.tflite is damaged: SHA-256 .* expected"):
        open_bundle(bundle)


def test_a_truncated_model_is_refused(bundle: Path) -> None:
    model = bundle / "model.tflite"
    model.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(BundleError, match=r"has 1000 bytes, expected \d+"):
        open_bundle(bundle)


def test_all_faults_are_told_at_once(bundle: Path) -> None:
    (bundle / "model.tflite").unlink()
    for path in sorted((bundle / "golden").iterdir())[:2]:
        path.unlink()
    edit(bundle, lambda m: m["output"].update(labels=["female", "male", "cat"]))
    with pytest.raises(BundleError) as caught:
        open_bundle(bundle)
    text = str(caught.value)
    assert "model.tflite is missing" in text
    assert text.count("golden/") == 2
    assert "labels are ['female', 'male', 'cat'], expected female and male" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=7), "bundle format 7, this Passerby reads format 1; update"),
        (lambda m: m.update(format=0), "bundle format 0, .* export the bundle again"),
        (lambda m: m.pop("decision"), "decision"),
        (lambda m: m["decision"].update(temperature=-1), "decision.temperature"),
        (lambda m: m["decision"].update(min_confidence=1.5), "decision.min_confidence"),
        (lambda m: m["decision"].update(offset=5.5), "decision.offset"),
        (lambda m: m["decision"].update(second_look=-1), "decision.second_look"),
        (lambda m: m["decision"].update(offset="much"), "decision.offset"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m["file"].update(name="../model.tflite"), "file.name"),
        (lambda m: m["evidence"].update(tests=[]), "evidence.tests is empty"),
        (lambda m: m["input"]["crop"].update(size=64), "input.crop.size is 64"),
        (lambda m: m["input"]["crop"].update(colour="grey"), "input.crop.colour is grey"),
        (lambda m: m["input"]["crop"].update(margin=-1), "input.crop.margin is -1, expected 0 to"),
        (lambda m: m["input"]["crop"].update(margin=90), "input.crop.margin is 90, expected 0 to"),
        (lambda m: m["input"]["crop"].update(margn=6), "unknown field `margn`"),
        (lambda m: m["decision"]["fitting"].update(max_lead=2), "decision.fitting.max_lead"),
        (lambda m: m["input"].pop("crop"), "a classifier needs input.crop"),
        (lambda m: m["golden"].update(cases=m["golden"]["cases"][:3]), "golden.cases"),
    ],
)
def test_a_foreign_manifest_is_refused(
    bundle: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit(bundle, change)
    with pytest.raises(BundleError, match=message):
        open_bundle(bundle)


def test_a_manifest_of_another_shape_than_the_model_is_refused(bundle: Path) -> None:
    def shrink(manifest: dict[str, Any]) -> None:
        manifest["input"].update(width=64, height=64)
        manifest["input"]["crop"].update(size=64)

    edit(bundle, shrink)
    with pytest.raises(BundleError, match=r"the model takes \(1, 128, 128, 3, 'int8'\)"):
        Classifier(open_bundle(bundle))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "1"}', "\x00\xff"])
def test_rubbish_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bundle.json").write_text(text, "latin-1")
    with pytest.raises(BundleError):
        open_bundle(tmp_path)


def test_no_bundle_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="scripts/fetch-detectors"):
        open_bundle(tmp_path / "blazeface-short")
