# SPDX-License-Identifier: Apache-2.0
"""The studio's folder: names, uploads, what is kept and what is removed."""

import io
import time
from pathlib import Path

import pytest
from browser.uploads import good_zip, utkface_names, write_zip

from device.errors import DatasetError, InputError
from training.studio.crops import preparing
from training.studio.findings import findings, groups_of
from training.studio.home import Home, StoredDataset
from training.studio.uploads import in_plain_words, take_path, take_upload
from training.studio.verdict import by_gender, objection

PATIENCE_SECONDS = 60.0


def checked(dataset: StoredDataset) -> StoredDataset:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while dataset.check.alive():
        assert time.monotonic() < deadline, dataset.check.log()
        time.sleep(0.05)
    return dataset


@pytest.mark.parametrize(
    ("name", "folder", "title"),
    [
        ("Faces of 2026.zip", "faces-of-2026", "Faces of 2026.zip"),
        ("../../etc/passwd", "passwd", "passwd"),
        ("...", "upload", "upload.zip"),
        ("<b>x</b>.zip", "b", "b_.zip"),
        ("\u2603.zip", "dataset", "_.zip"),
    ],
)
def test_names_of_uploads_are_harmless(tmp_path: Path, name: str, folder: str, title: str) -> None:
    home = Home(tmp_path)
    dataset = take_upload(home, name, io.BytesIO(b"no ZIP"))
    assert dataset.source == tmp_path / "datasets" / dataset.name / f"{dataset.name}.zip"
    assert (dataset.name, dataset.title) == (folder, title)
    assert in_plain_words(checked(dataset)).startswith(f"{title} is not a ZIP that can be read")
    assert take_upload(home, name, io.BytesIO(b"")).name == f"{folder}-2"


def test_what_was_found(tmp_path: Path, faces_directory: Path) -> None:
    home = Home(tmp_path / "home")
    with good_zip(faces_directory, tmp_path / "faces.zip").open("rb") as file:
        dataset = checked(take_upload(home, "faces.zip", file))
    inspection = dataset.inspection()
    assert inspection is not None
    assert by_gender(inspection) == {"female": 79, "male": 78}
    assert objection(inspection) == ""
    assert {one.title: len(one.rows) for one in findings(inspection)} == {
        "Refused": 1,
        "Without a usable label": 1,
        "Contradictory labels": 1,
        "Exact duplicates": 2,
    }
    ages = groups_of(inspection, "age_band", ["30-39", "20-29"])
    assert ages[0] == ("30-39", "female", 18)
    assert sum(n for _, _, n in ages) == 157
    assert [one.name for one in home.datasets()] == ["faces"]


def test_too_few_and_of_one_label(tmp_path: Path, faces_directory: Path) -> None:
    home = Home(tmp_path / "home")
    women = [(n, data) for n, data in utkface_names(faces_directory).items() if "_1_" in n[:5]]
    few = checked(take_path(home, str(write_zip(tmp_path / "few.zip", women[:1])))).inspection()
    assert few is not None
    assert objection(few).startswith("1 labelled picture that can be read, expected at least 80")
    twice = women + [(name.replace("2017", "2018"), data) for name, data in women]
    one = checked(take_path(home, str(write_zip(tmp_path / "one.zip", twice)))).inspection()
    assert one is not None
    assert "pictures are labelled female, expected some labelled male too" in objection(one)


def test_removing_leaves_what_was_not_uploaded(tmp_path: Path, faces_directory: Path) -> None:
    home = Home(tmp_path)
    dataset = checked(take_path(home, f" {faces_directory} "))
    assert dataset.source == faces_directory.resolve()
    dataset.remove()
    assert home.datasets() == ()
    assert (faces_directory / "labels.csv").exists()
    with pytest.raises(InputError, match="There is nothing at this path"):
        take_path(home, " ")
    with pytest.raises(DatasetError, match="no dataset of the studio"):
        _ = dataset.title


def test_what_is_being_worked_on_stays(tmp_path: Path, faces_directory: Path) -> None:
    dataset = checked(take_path(Home(tmp_path), str(faces_directory)))
    dataset.check.start(*[("inspect", str(faces_directory))] * 100)
    with pytest.raises(InputError, match="faces is being worked on; wait, or stop it first"):
        dataset.remove()
    dataset.check.stop()
    assert checked(dataset).check.state == "stopped"
    dataset.remove()


def test_faces_are_found_once(
    tmp_path: Path, faces_directory: Path, models_directory: Path
) -> None:
    dataset = checked(take_path(Home(tmp_path), str(faces_directory)))
    (command,) = preparing(dataset, size=64, colour="grey")
    dataset.cutting.start(command)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while dataset.cutting.alive():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert dataset.cutting.state == "done", dataset.cutting.log()
    assert preparing(dataset, size=64, colour="grey") == ()
    assert dataset.all_prepared() == (dataset.prepared(64, "grey"),)
    assert (models_directory / "blazeface-short" / "bundle.json").exists()
