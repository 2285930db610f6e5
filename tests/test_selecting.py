# SPDX-License-Identifier: Apache-2.0
"""One picture counts once, contradictory ones not at all; ages from a limit up."""

from pathlib import Path

import pytest

from training.datasets import Sample, open_dataset
from training.datasets.selecting import Selection, age_floor, select


@pytest.fixture
def sources(faces_directory: Path) -> list[bytes]:
    """Eight pictures of different faces."""
    paths = sorted((faces_directory / "pictures").glob("*.jpg"))[:8]
    return [path.read_bytes() for path in paths]


def selected(folder: Path, files: dict[str, bytes], from_age: int | None = None) -> Selection:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with open_dataset(folder) as dataset:
        return select(dataset, from_age=from_age)


def names(selection: Selection) -> list[str]:
    return [sample.name for sample in selection.samples]


def test_duplicates_count_once_and_are_listed(sources: list[bytes], tmp_path: Path) -> None:
    found = selected(
        tmp_path / "data",
        {"20_0_1_1.jpg": sources[0], "21_0_1_2.jpg": sources[0], "30_1_1_3.jpg": sources[1]},
    )
    assert names(found) == ["20_0_1_1.jpg", "30_1_1_3.jpg"]
    (one,) = found.dropped
    assert (one.name, one.kind) == ("21_0_1_2.jpg", "duplicate")
    assert one.reason == "the same picture as 20_0_1_1.jpg"
    assert found.in_words() == "left out: 1 duplicates"


def test_contradictory_labels_count_not_at_all(sources: list[bytes], tmp_path: Path) -> None:
    found = selected(
        tmp_path / "data",
        {
            "20_0_1_1.jpg": sources[0],
            "20_1_1_2.jpg": sources[0],
            "30_1_1_3.jpg": sources[1],
            "30_1_1.jpg": sources[2],
            "61_1_20170109.jpg": sources[3],
        },
    )
    assert names(found) == ["30_1_1.jpg", "30_1_1_3.jpg"]
    assert [(one.name, one.kind) for one in found.dropped] == [
        ("61_1_20170109.jpg", "label"),
        ("20_0_1_1.jpg", "contradictory"),
        ("20_1_1_2.jpg", "contradictory"),
    ]
    assert "female and male for one picture: 20_0_1_1.jpg, 20_1_1_2.jpg" in found.dropped[1].reason


def test_ages_from_a_limit_up(sources: list[bytes], tmp_path: Path) -> None:
    found = selected(
        tmp_path / "data",
        {
            "14_0_1_1.jpg": sources[0],
            "15_0_1_2.jpg": sources[1],
            "40_1_1_3.jpg": sources[2],
            "10_1_1_4.jpg": sources[3],
            "20_1_1_5.jpg": sources[3],
        },
        from_age=15,
    )
    assert names(found) == ["15_0_1_2.jpg", "40_1_1_3.jpg"]
    kinds = {one.name: one.kind for one in found.dropped}
    assert kinds == {
        "14_0_1_1.jpg": "age",
        "10_1_1_4.jpg": "contradictory",
        "20_1_1_5.jpg": "contradictory",
    }


def test_what_cannot_be_decoded_still_counts(sources: list[bytes], tmp_path: Path) -> None:
    found = selected(tmp_path / "data", {"20_0_1_1.jpg": sources[0][:1500]})
    assert names(found) == ["20_0_1_1.jpg"]


@pytest.mark.parametrize(
    ("band", "years", "expected"),
    [
        ("0-2", None, 0),
        ("10-19", None, 10),
        ("more than 70", None, 70),
        ("", None, None),
        ("10-19", 17, 17),
    ],
)
def test_a_band_counts_from_its_lower_end(
    band: str, years: int | None, expected: int | None
) -> None:
    assert age_floor(Sample("x", "female", band, years)) == expected


def test_a_sound_dataset_is_left_as_it_is(faces_directory: Path) -> None:
    with open_dataset(faces_directory) as dataset:
        found = select(dataset)
        assert found.samples == dataset.samples
    assert found.dropped == ()
    assert found.in_words() == ""
