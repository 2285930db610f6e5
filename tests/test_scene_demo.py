# SPDX-License-Identifier: Apache-2.0
"""The demonstration: the real daemon on the committed scene, its journal and its picture."""

import json
from pathlib import Path

import pytest
from PIL import Image

from device.errors import InputError
from training.scenes.demo import main
from training.scenes.files import read_scene
from training.scenes.replayed import read_journal
from training.scenes.scoring import score_scene
from training.scenes.sheet import choose, contact_sheet


@pytest.fixture(scope="module")
def shown(
    doorway: Path, models_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, Path]:
    output = tmp_path_factory.mktemp("demo") / "output"
    assert (models_directory / "default" / "bundle.json").is_file()
    main([str(doorway), str(output)])
    return main([str(doorway), str(output)]), output  # a second time: over what the first left


def test_it_counts_what_the_scene_holds(
    shown: tuple[int, Path], doorway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output = shown
    assert status == 0
    scene = read_scene(doorway)
    with (output / "journal.jsonl").open("rb") as journal:
        seen = read_journal(journal, scene)
    score = score_scene(seen)
    assert len(score.outcomes) == 9
    assert abs(score.counted - 9) <= 1
    assert main([str(doorway), str(output)]) == 0
    said = capsys.readouterr().out
    counted = next(line for line in said.splitlines() if line.startswith("counted by Passerby"))
    assert int(counted.split()[-1]) == score.counted
    truth = next(line for line in said.splitlines() if line.startswith("true, as labelled"))
    assert truth.split()[-4:] == ["5", "4", "-", "9"]


def test_it_writes_the_picture_and_the_store(shown: tuple[int, Path]) -> None:
    _, output = shown
    with Image.open(output / "annotated.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 1200
    assert (output / "state" / "visits.db").is_file()


def test_the_sheet_shows_frames_with_faces_in_order(shown: tuple[int, Path], doorway: Path) -> None:
    with (shown[1] / "journal.jsonl").open("rb") as journal:
        seen = read_journal(journal, read_scene(doorway))
    chosen = choose(seen.observations, 4)
    assert len(chosen) == 4
    assert all(seen.observations[number].sightings for number in chosen)
    sheet = contact_sheet(doorway, seen, columns=2, rows=2, width=160)
    assert sheet.width == 2 * 160 + 3 * 8
    assert sheet.getpixel((100, 60)) != (255, 255, 255)


def test_a_missing_scene_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.zip"), str(tmp_path / "output")]) != 0
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"{}", b'{"event": "frame"}', b'{"event": "visit", "identity": 3}']
)
def test_a_foreign_line_in_the_journal_is_refused(line: bytes, doorway: Path) -> None:
    with pytest.raises(InputError, match="none of its own"):
        read_journal([line], read_scene(doorway))


def test_a_journal_of_another_scene_is_refused(doorway: Path) -> None:
    stamp = {"boot_id": "b", "monotonic": 1.0, "wall": 2.0, "clock_synchronised": True}
    frame = {"event": "frame", "frame": 0, "taken_at": stamp, "faces": [], "timings": {}}
    with pytest.raises(InputError, match="tells of 1 frames, the scene has"):
        read_journal([json.dumps(frame).encode()], read_scene(doorway))
