# SPDX-License-Identifier: Apache-2.0
"""Models side by side: the figures are those of the device's own classifier, in one run."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, DatasetError
from device.imaging import CropRule
from device.records import FaceCrop
from training.cli import main
from training.compare import Comparison, Pictures, compare, of_dataset, of_split
from training.contenders import Contender, contenders
from training.datasets import open_dataset
from training.disagreements import as_text, draw_grid, worst, write_comparison
from training.prepared import Preparation, Prepared


@pytest.fixture(scope="module")
def shifted(models_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped bundle, but with an even point far towards "female"."""
    folder = tmp_path_factory.mktemp("bundles") / "shifted"
    shutil.copytree(models_directory / "default", folder)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["name"] = "shifted"
    manifest["decision"]["offset"] = 1.5
    manifest["decision"]["second_look"] = 2.0
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def both(models_directory: Path, shifted: Path) -> list[Contender]:
    return contenders([models_directory / "default", shifted])


@pytest.fixture(scope="module")
def pictures(both: list[Contender], faces_directory: Path, detector: Detector) -> Pictures:
    with open_dataset(faces_directory) as dataset:
        return of_dataset(dataset, detector, {one.rule for one in both})


@pytest.fixture(scope="module")
def compared(both: list[Contender], pictures: Pictures) -> Comparison:
    return compare(both, pictures)


def test_it_says_what_the_device_s_classifier_says(
    both: list[Contender], pictures: Pictures, compared: Comparison, shifted: Path
) -> None:
    classifier = Classifier(open_bundle(shifted))
    crops = pictures.crops[both[1].rule]
    theirs = [classifier.perceive(FaceCrop(crop)).female >= 0.5 for crop in crops]
    assert ((compared.female[1] >= 0.5) == np.array(theirs)).all()
    right = float((np.array(theirs) == pictures.women).mean())
    assert compared.standings[1].accuracy.value == pytest.approx(right, abs=1e-4)


def test_the_first_agrees_with_itself_and_sets_the_time(compared: Comparison) -> None:
    first, second = compared.standings
    assert first.agreement.value == 1.0
    assert first.times_first == 1.0
    assert second.agreement.value < 1.0
    assert first.bytes == second.bytes


def test_times_are_taken_in_turns(both: list[Contender], pictures: Pictures) -> None:
    """By this clock eight crops take one 8 ms and the other 16."""
    ticks = iter(
        tick for turn in range(1000) for tick in (turn, turn + 0.008, turn + 0.1, turn + 0.116)
    )
    few = Pictures(
        "x", pictures.names[:3], pictures.women[:3], {k: v[:3] for k, v in pictures.crops.items()}
    )
    found = compare(both, few, clock=lambda: next(ticks))
    assert [one.milliseconds for one in found.standings] == [pytest.approx(1), pytest.approx(2)]
    assert found.standings[1].times_first == pytest.approx(2)


def test_the_worst_disagreements_come_first() -> None:
    female = np.array([[0.9, 0.6, 0.8, 0.5], [0.9, 0.4, 0.55, 0.1]])
    found = Comparison((), female)
    assert worst(found) == [3, 1, 2]  # other labels first, by distance; equal ones not at all
    assert worst(found, most=1) == [3]


def test_table_and_grid_are_written(
    both: list[Contender], pictures: Pictures, compared: Comparison, tmp_path: Path
) -> None:
    write_comparison(tmp_path, compared, pictures, both)
    assert {path.name for path in tmp_path.iterdir()} == {
        "compare.md",
        "compare.csv",
        "disagreements.png",
    }
    with (tmp_path / "compare.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == [one.name for one in both]
    assert float(rows[1]["same_label_as_first"]) == compared.standings[1].agreement.value
    text = (tmp_path / "compare.md").read_text()
    assert text == as_text(compared, pictures)
    assert "| shifted " in text
    with Image.open(tmp_path / "disagreements.png") as image:
        assert image.width > 900
        assert len(image.getcolors(1 << 24) or ()) > 1000  # faces, not a blank sheet


def test_models_that_agree_leave_a_sheet_that_says_so(
    both: list[Contender], pictures: Pictures
) -> None:
    same = Comparison((), np.full((2, len(pictures.names)), 0.7))
    assert worst(same) == []
    assert draw_grid(same, pictures, both).height > 0


def test_a_split_fits_one_rule_only() -> None:
    rule = CropRule(size=96, scale=1.1)
    about = Preparation((), "training", "", rule, 0, 0, {}, 0, 0, {})
    prepared = Prepared(Path("nowhere"), about, ())
    with pytest.raises(DatasetError, match="name labelled pictures with --data"):
        of_split(prepared, "calibrate", [rule, CropRule(size=64, scale=1.1)])
    with pytest.raises(DatasetError, match="no crop in the calibrate split"):
        of_split(prepared, "calibrate", [rule])


def test_what_is_no_model_is_refused(models_directory: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="neither a training run"):
        contenders([tmp_path])
    with pytest.raises(BundleError, match="a face-detection bundle, expected a classifier"):
        contenders([models_directory / "blazeface-short"])


def test_compare_as_typed(
    shifted: Path, faces_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(shifted), "--data", str(faces_directory)]) == 0
    shown = capsys.readouterr().out
    assert "faces of faces; one thread" in shown
    assert "| shifted " in shown
    assert main(["compare", str(shifted)]) == 66
    assert "bundles hold no pictures to compare on" in capsys.readouterr().err
