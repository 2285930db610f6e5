# SPDX-License-Identifier: Apache-2.0
"""Counts, faults, duplicates, contradictions and leakage, on real faces."""

import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from device.errors import InputError
from training import inspection_text
from training.cli import main
from training.datasets import open_dataset
from training.datasets.linting import Inspection, Leak, inspect, leaks, scan

FACES = Path(__file__).parent / "data" / "faces"
PICTURES = sorted((FACES / "pictures").glob("*.jpg"))


def recompressed(path: Path) -> bytes:
    buffer = io.BytesIO()
    Image.open(path).resize((120, 120)).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """UTKFace names: one exact contradiction, one near-duplicate, one broken, one malformed."""
    folder = tmp_path / "first"
    folder.mkdir()
    shutil.copy(PICTURES[0], folder / "30_0_0_1.jpg")
    shutil.copy(PICTURES[0], folder / "30_1_0_2.jpg")
    shutil.copy(PICTURES[1], folder / "40_1_1_3.jpg")
    (folder / "40_1_1_4.jpg").write_bytes(recompressed(PICTURES[1]))
    (folder / "50_1_2_5.jpg").write_bytes(PICTURES[2].read_bytes()[:2000])
    shutil.copy(PICTURES[3], folder / "50_1_20170101.jpg")
    (folder / "film.mp4").write_bytes(b"film")
    return folder


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """Folders: one picture that is in the first too, one nearly so, one that is not."""
    for gender in ("female", "male"):
        (tmp_path / "second" / gender).mkdir(parents=True)
    shutil.copy(PICTURES[1], tmp_path / "second" / "male" / "leaked.jpg")
    (tmp_path / "second" / "male" / "alike.jpg").write_bytes(recompressed(PICTURES[0]))
    shutil.copy(PICTURES[4], tmp_path / "second" / "female" / "new.jpg")
    return tmp_path / "second"


def inspected(path: Path) -> Inspection:
    with open_dataset(path) as dataset:
        return inspect(scan(dataset))


def leaked(*paths: Path) -> tuple[Leak, ...]:
    scans = []
    for path in paths:
        with open_dataset(path) as dataset:
            scans.append(scan(dataset))
    return leaks(scans)


def test_the_committed_faces_have_nothing_wrong() -> None:
    found = inspected(FACES)
    assert found.pictures == sum(count.pictures for count in found.counts) == 154
    assert {count.perceived_gender for count in found.counts} == {"female", "male"}
    assert len({count.race for count in found.counts}) == 7
    assert found.faults == found.unreadable == ()
    assert found.same == found.near == ()
    assert found.contradictions == ()
    assert found.refused == ()


def test_what_is_wrong_is_found(first: Path) -> None:
    found = inspected(first)
    assert found.pictures == 4
    assert [fault.name for fault in found.faults] == ["50_1_20170101.jpg"]
    assert [fault.name for fault in found.unreadable] == ["50_1_2_5.jpg"]
    assert "truncated or damaged" in found.unreadable[0].reason
    assert [refusal.name for refusal in found.refused] == ["film.mp4"]
    assert found.same == (("30_0_0_1.jpg", "30_1_0_2.jpg"),)
    assert found.near == (("40_1_1_3.jpg", "40_1_1_4.jpg"),)
    (contradiction,) = found.contradictions
    assert contradiction.same
    assert contradiction.differ_in == ("perceived_gender",)
    assert contradiction.labels == ("male aged 30 White", "female aged 30 White")


def test_leakage_between_two_datasets(first: Path, second: Path) -> None:
    found = {
        (leak.first_name, Path(leak.second_name).name): (leak.same, leak.labels_differ)
        for leak in leaked(first, second)
    }
    assert found == {
        ("40_1_1_3.jpg", "leaked.jpg"): (True, True),
        ("40_1_1_4.jpg", "leaked.jpg"): (False, True),
        ("30_0_0_1.jpg", "alike.jpg"): (False, False),
        ("30_1_0_2.jpg", "alike.jpg"): (False, True),
    }


def test_datasets_without_a_readable_picture_are_judged_too(tmp_path: Path, second: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "30_0_0_1.jpg").write_bytes(b"no picture")
    assert inspected(empty).pictures == 0
    assert leaked(empty, second) == ()
    assert leaked(second, empty) == ()
    assert "0 labelled pictures" in inspection_text.of_dataset(inspected(empty), show=5)


def test_the_report_reads_like_one(
    first: Path, second: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(first), str(second)]) == 0
    text = capsys.readouterr().out
    assert "4 labelled pictures that can be read: perceived gender 3 female, 1 male" in text
    assert "labels not used: 1\n  50_1_20170101.jpg: race '20170101'" in text
    assert "exact duplicates, groups: 1 (1 pictures too many)" in text
    assert "contradict each other in perceived gender, groups: 1 (1 of them exact)" in text
    assert "same: 40_1_1_3.jpg = male/leaked.jpg, and perceived gender differs" in text
    assert "2 pictures of the latter, 66.67 %" in text


def test_lists_are_cut_where_asked(first: Path, second: Path) -> None:
    found, shared = [inspected(first), inspected(second)], leaked(first, second)
    assert "... and 3 more" in inspection_text.of_leaks(found, shared, show=1)
    assert "... and" not in inspection_text.of_leaks(found, shared, show=0)


def test_json_has_all_of_it(first: Path, second: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(first), str(second), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["format"] for entry in document["datasets"]] == ["utkface", "folders"]
    assert {
        "perceived_gender": "female",
        "age_band": "40-49",
        "race": "Black",
        "pictures": 2,
    } in document["datasets"][0]["counts"]
    assert len(document["leaks"]) == 4


def test_inspecting_changes_nothing(first: Path) -> None:
    before = {path: path.read_bytes() for path in first.iterdir()}
    inspected(first)
    assert {path: path.read_bytes() for path in first.iterdir()} == before


def test_an_unusable_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        inspected(tmp_path / "missing")
