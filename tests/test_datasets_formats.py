# SPDX-License-Identifier: Apache-2.0
"""The formats of labelled datasets, on real files in folders and ZIPs."""

import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from device.errors import DatasetError, InputError
from device.pictures import decode
from training.datasets import Sample, fairface, open_dataset, utkface

FACES = Path(__file__).parent / "data" / "faces"
PICTURES = sorted((FACES / "pictures").glob("*.jpg"))
UTK_NAMES = (
    "24_0_1.jpg",
    "1_1_0_20161219163425847.jpg.chip.jpg",
    "116_0_4_20170120134646399.jpg",
    "39_1_20170116174525125.jpg.chip.jpg",
    "53_3_0_20170116184028385.jpg",
    "200_0_0_20170116184028385.jpg",
    "26_1_7_20170116184028385.png",
)


def folder_of(path: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PICTURES[number % len(PICTURES)], path / name)
    return path


def zip_of(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder))
    return path


def table(folder: Path, text: str, name: str = "labels.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults(path: Path) -> dict[str, str]:
    with open_dataset(path) as dataset:
        return {fault.name: fault.reason for fault in dataset.faults}


def test_the_committed_faces_are_read_with_their_labels() -> None:
    with open_dataset(FACES) as dataset:
        assert dataset.format == "fairface"
        assert len(dataset.samples) == len(PICTURES) == 154
        assert Counter(s.perceived_gender for s in dataset.samples) == {"female": 77, "male": 77}
        assert dataset.faults == ()
        first = dataset.samples[0]
        assert first == Sample("pictures/17498.jpg", "female", "20-29", race="Black")
        assert decode(dataset.read(first), name=first.name).shape == (160, 160, 3)


def test_utkface_names_become_labels(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "utk", *(f"UTKFace/{name}" for name in UTK_NAMES))
    for path in (folder, zip_of(folder)):
        with open_dataset(path) as dataset:
            assert dataset.format == "utkface"
            assert set(dataset.samples) == {
                Sample("UTKFace/24_0_1.jpg", "male", "20-29", 24, "Black"),
                Sample(f"UTKFace/{UTK_NAMES[1]}", "female", "0-2", 1, "White"),
                Sample(f"UTKFace/{UTK_NAMES[2]}", "male", "more than 70", 116, "Other"),
            }
            reasons = {Path(fault.name).name: fault.reason for fault in dataset.faults}
    assert set(reasons) == set(UTK_NAMES[3:])
    assert "race '20170116174525125'" in reasons[UTK_NAMES[3]]
    assert "gender '3'" in reasons[UTK_NAMES[4]]
    assert "age '200'" in reasons[UTK_NAMES[5]]
    assert "race '7'" in reasons[UTK_NAMES[6]]


@pytest.mark.parametrize("name", ["24.jpg", "24_0.jpg", "24_0_1_2_3.jpg", "x_0_1.jpg", "_0_1.jpg"])
def test_malformed_utkface_names_are_faults(name: str) -> None:
    assert not isinstance(utkface.parse(name), Sample)


def test_fairface_in_its_own_words_and_in_a_spreadsheets(tmp_path: Path) -> None:
    folder = table(
        folder_of(tmp_path / "fair", "train/1.jpg", "train/2.jpg", "train/3.jpg", "train/4.jpg"),
        "file,age,gender,race,service_test\n"
        "train/1.jpg,03-Sep,FEMALE,east asian,True\n"
        "train/2.jpg,10-Nov,male,Latino_Hispanic,False\n"
        '"train/3.jpg",more than 70,Male,Martian,False\n'
        "train/4.jpg,old,Female,White,False\n",
    )
    for path in (folder, zip_of(folder), folder / "labels.csv"):
        with open_dataset(path) as dataset:
            assert dataset.samples == (
                Sample("train/1.jpg", "female", "3-9", race="East Asian"),
                Sample("train/2.jpg", "male", "10-19", race="Latino_Hispanic"),
                Sample("train/3.jpg", "male", "more than 70"),
                Sample("train/4.jpg", "female", "", race="White"),
            )
            assert all(fault.kept for fault in dataset.faults)
            assert [fault.reason for fault in dataset.faults] == [
                "age '03-Sep' repaired to '3-9'",
                "age '10-Nov' repaired to '10-19'",
                "race 'Martian' is not known, left empty",
                "age 'old' is no age band, left empty",
            ]


def test_rows_and_pictures_that_do_not_meet_are_faults(tmp_path: Path) -> None:
    folder = table(
        folder_of(tmp_path, "1.jpg", "2.jpg", "3.jpg", "4.jpg"),
        "file,gender\n1.jpg,Female\n1.jpg,Male\n2.jpg,both\n9.jpg,Male\n../5.jpg,Male\n\n4.jpg\n",
    )
    found = faults(folder)
    assert "second row" in found.pop("1.jpg")
    assert "gender 'both'" in found.pop("2.jpg")
    assert found.pop("3.jpg") == "a picture without a row"
    assert "gender ''" in found.pop("4.jpg")
    assert "without its picture" in found.pop("9.jpg")
    assert "without its picture" in found.pop("../5.jpg")
    assert found == {}
    with open_dataset(folder) as dataset:
        assert [(s.name, s.perceived_gender) for s in dataset.samples] == [("1.jpg", "female")]


def test_a_table_beside_the_zip_of_its_pictures(tmp_path: Path) -> None:
    zip_of(folder_of(tmp_path / "images", "train/1.jpg", "train/2.jpg"))
    shutil.rmtree(tmp_path / "images")
    table(tmp_path, "file,gender\ntrain/1.jpg,Female\ntrain/2.jpg,Male\n", "train.csv")
    table(tmp_path, "file,gender\ntrain/1.jpg,Male\n", "other.csv")
    with open_dataset(tmp_path / "train.csv") as dataset:
        assert [s.perceived_gender for s in dataset.samples] == ["female", "male"]


def test_tables_below_the_top_name_what_lies_beside_them(tmp_path: Path) -> None:
    folder_of(tmp_path, "a/1.jpg", "b/1.jpg")
    table(tmp_path / "a", "file,gender\n1.jpg,Female\n")
    table(tmp_path / "b", "file;gender\r\nb\\1.jpg;Male\r\n")
    with open_dataset(tmp_path) as dataset:
        assert [(s.name, s.perceived_gender) for s in dataset.samples] == [
            ("a/1.jpg", "female"),
            ("b/1.jpg", "male"),
        ]


def test_folders_that_name_perceived_gender(tmp_path: Path) -> None:
    names = ("train/Women/1.jpg", "train/Women/old/2.jpg", "train/MEN/1.jpg", "train/3.jpg")
    folder = folder_of(tmp_path / "sorted", *names)
    for path in (folder, zip_of(folder)):
        with open_dataset(path) as dataset:
            assert dataset.format == "folders"
            assert {(s.name, s.perceived_gender) for s in dataset.samples} == {
                (names[0], "female"),
                (names[1], "female"),
                (names[2], "male"),
            }
            assert [fault.name for fault in dataset.faults] == ["train/3.jpg"]


def test_labels_in_no_known_format_are_an_error(tmp_path: Path) -> None:
    folder = table(folder_of(tmp_path / "x", "1.jpg"), "name,colour\n1,red\n")
    with pytest.raises(DatasetError, match="no labels that are known: expected"):
        open_dataset(folder)
    with pytest.raises(DatasetError, match="no columns file and gender"):
        open_dataset(folder / "labels.csv")
    with pytest.raises(InputError, match="does not exist"):
        open_dataset(folder / "missing.csv")


def test_a_table_that_is_no_csv_is_an_error(tmp_path: Path) -> None:
    row = "1.jpg," + "F" * 200_000
    folder = table(folder_of(tmp_path, "1.jpg"), f"file,gender\n{row}\n")
    with pytest.raises(DatasetError, match="no CSV that can be read"):
        open_dataset(folder)


def test_a_header_alone_makes_no_sample() -> None:
    labels = fairface.read_labels(("1.jpg",), {"labels.csv": "file,gender"})
    assert labels.samples == ()
    assert [fault.reason for fault in labels.faults] == ["a picture without a row"]
