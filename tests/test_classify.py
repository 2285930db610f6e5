# SPDX-License-Identifier: Apache-2.0
"""`passerby classify` as a real process, on real faces and broken pictures."""

import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from PIL import Image

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector
from device.pictures import decode
from device.records import Box, Face, Perception
from device.verbs.classify.pictures import PictureClassifier, PictureResult, Tally

PICTURES = sorted((Path(__file__).parent / "data" / "faces" / "pictures").glob("*.jpg"))


class Probabilities(msgspec.Struct, forbid_unknown_fields=True):
    female: float
    male: float


class FaceLine(msgspec.Struct, forbid_unknown_fields=True):
    box: tuple[float, float, float, float]
    detection_score: float
    perceived_gender: Literal["female", "male", "unsure"]
    probabilities: Probabilities
    confidence: float


class Line(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    faces: list[FaceLine]
    error: str | None


def run_classify(models: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device", "classify", "--models", models, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PASSERBY_SETTINGS": os.devnull},
    )


def lines_of(done: subprocess.CompletedProcess[str]) -> list[Line]:
    return [msgspec.json.decode(line, type=Line) for line in done.stdout.splitlines()]


def check_shape(lines: Sequence[Line]) -> None:
    """What the types cannot say; the order of keys is part of the shape, too."""
    for line in lines:
        assert line.error is None or not line.faces
        areas = [face.box[2] * face.box[3] for face in line.faces]
        assert areas == sorted(areas, reverse=True)
        for face in line.faces:
            assert 0 < face.detection_score <= 1
            assert face.probabilities.female + face.probabilities.male == pytest.approx(1)
            larger = max(face.probabilities.female, face.probabilities.male)
            assert face.confidence == larger >= 0.5


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, bytes]:
    """Entries by name: two faces, a picture without one, and what cannot be read."""
    grey = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 110, 100)).save(grey, "PNG")
    face = PICTURES[0].read_bytes()
    return {
        "2.jpg": face,
        "10.jpg": PICTURES[1].read_bytes(),
        "grey.png": grey.getvalue(),
        "half.jpg": face[: len(face) // 2],
        "words.jpg": b"not a picture at all",
        "README.md": b"no picture, and not missed",
    }


def test_a_folder_gives_one_line_per_picture_in_order(
    models_directory: Path, tmp_path: Path, broken: dict[str, bytes]
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    done = run_classify(models_directory, folder, "--json", "--jobs", "2")
    lines = lines_of(done)
    names = ["2.jpg", "10.jpg", "grey.png", "half.jpg", "words.jpg"]
    assert [line.file for line in lines] == [f"{folder}/{name}" for name in names]
    assert [line.error is None for line in lines] == [True, True, True, False, False]
    assert [bool(line.faces) for line in lines] == [True, True, False, False, False]
    check_shape(lines)
    assert list(json.loads(done.stdout.splitlines()[0])) == ["file", "faces", "error"]
    assert list(json.loads(done.stdout.splitlines()[0])["faces"][0]) == [
        "box",
        "detection_score",
        "perceived_gender",
        "probabilities",
        "confidence",
    ]
    labels = {face.perceived_gender for line in lines for face in line.faces}
    assert done.returncode == (4 if labels == {"unsure"} else 0)


def test_a_zip_with_broken_and_hostile_entries(
    models_directory: Path, tmp_path: Path, broken: dict[str, bytes]
) -> None:
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**broken, "../escape.jpg": broken["2.jpg"]}.items():
            archive.writestr(name, data)
    done = run_classify(models_directory, path, "--json")
    by_name = {line.file.removeprefix(f"{path}/"): line for line in lines_of(done)}
    assert set(by_name) == set(broken) - {"README.md"} | {"../escape.jpg"}
    assert "climbs out" in (by_name["../escape.jpg"].error or "")
    assert by_name["half.jpg"].error
    assert by_name["2.jpg"].faces
    assert sorted(tmp_path.iterdir()) == [path]


def test_paths_are_mixed_and_named_as_typed(models_directory: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.jpg"
    done = run_classify(models_directory, missing, PICTURES[0], "--json")
    lines = lines_of(done)
    assert [line.file for line in lines] == [str(missing), str(PICTURES[0])]
    assert "does not exist" in (lines[0].error or "")
    assert lines[1].faces
    assert done.returncode in (0, 4)


def test_jobs_change_nothing_but_time(models_directory: Path) -> None:
    few = PICTURES[:12]
    one = run_classify(models_directory, *few, "--json", "--jobs", "1")
    three = run_classify(models_directory, *few, "--json", "--jobs", "3")
    assert one.stdout == three.stdout
    assert len(lines_of(one)) == 12
    check_shape(lines_of(one))


def test_a_face_too_small_is_unsure_and_so_is_the_exit_status(
    models_directory: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    shutil.copytree(models_directory, models)
    manifest = json.loads((models / "default" / "bundle.json").read_text("utf-8"))
    manifest["decision"]["min_face_pixels"] = 5000
    (models / "default" / "bundle.json").write_text(json.dumps(manifest), "utf-8")
    done = run_classify(models, PICTURES[0], "--json")
    (line,) = lines_of(done)
    assert line.faces[0].perceived_gender == "unsure"
    assert line.faces[0].probabilities == Probabilities(0.5, 0.5)
    assert line.faces[0].confidence == 0.5
    assert done.returncode == 4


def test_no_face_is_a_result(models_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (64, 48), (90, 110, 100)).save(path)
    done = run_classify(models_directory, path, "--json")
    assert done.stdout == json.dumps({"file": str(path), "faces": [], "error": None}) + "\n"
    assert done.returncode == 3


@pytest.mark.parametrize("words", [("--json",), ()])
def test_nothing_readable_is_an_error(
    models_directory: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = tmp_path / "words.jpg"
    path.write_bytes(b"words")
    done = run_classify(models_directory, path, tmp_path / "missing", *words)
    assert done.returncode == 65
    assert "no picture could be read" in done.stderr
    if words:
        assert [line.error is None for line in lines_of(done)] == [False, False]


def test_a_missing_bundle_is_told_before_anything_is_read(tmp_path: Path) -> None:
    done = run_classify(tmp_path, PICTURES[0], "--json")
    assert done.returncode == 20
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["exit_status"]) == ("bundle", 20)
    assert str(tmp_path / "blazeface-short") in error["message"]


def test_people_get_words_and_a_sum(models_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_bytes(b"words")
    done = run_classify(models_directory, PICTURES[0], tmp_path / "words.jpg")
    assert f"{PICTURES[0]}:\n    " in done.stdout
    assert "words.jpg: error: " in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("pictures 2, faces 1; perceived gender: female ")
    assert last.endswith("pictures without a face 0, unreadable 1")


def all_of(terminal: io.FileIO) -> bytes:
    """What stands in a terminal that nobody writes to any more; Linux ends it with EIO."""
    chunks = []
    try:
        while chunk := terminal.read(65536):
            chunks.append(chunk)
    except OSError:
        pass
    return b"".join(chunks)


def test_the_progress_bar_is_for_terminals_only(models_directory: Path) -> None:
    words = [sys.executable, "-m", "device", "classify", "--models", str(models_directory)]
    words += [*map(str, PICTURES[:3]), "--json"]
    piped = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert "pictures" not in piped.stderr
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with io.FileIO(ours) as terminal:
        shown = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=theirs, timeout=120, check=False
        )
        os.close(theirs)
        bar = all_of(terminal)
    assert b"pictures" in bar
    # It stays while pictures go by, and is wiped away once, at the end.
    assert len(re.findall(rb"\r {20,}\r", bar)) == 1
    assert shown.stdout.decode() == piped.stdout


def classifier_of(models: Path, jobs: int) -> PictureClassifier:
    detector, classifier = (open_bundle(models / name) for name in ("blazeface-short", "default"))
    return PictureClassifier(detector, classifier=classifier, jobs=jobs)


def test_results_are_those_of_the_pipelines_own_parts(models_directory: Path) -> None:
    detector = Detector(open_bundle(models_directory / "blazeface-short"))
    classifier = Classifier(open_bundle(models_directory / "default"))
    for result in classifier_of(models_directory, 2).results(PICTURES[:5]):
        pixels = decode(Path(result.file).read_bytes(), name=result.file)
        faces = detector.find_in_still(pixels)
        assert result.faces == tuple(
            (face, classifier.perceive(classifier.crop(pixels, face))) for face in faces
        )


def test_only_a_few_pictures_are_read_ahead(models_directory: Path) -> None:
    classifier = classifier_of(models_directory, 2)
    results = classifier.results(PICTURES[:30])
    ahead = [classifier.found - done for done, _ in enumerate(results)]
    assert max(ahead) <= 5
    assert len(ahead) == 30


def test_the_tally_decides_the_exit_status() -> None:
    face = Face(Box(0, 0, 9, 9), (), 0.9)
    results = {
        "unreadable": PictureResult("a", error="broken"),
        "empty": PictureResult("b"),
        "small": PictureResult("c", ((face, None),)),
        "unsure": PictureResult("d", ((face, Perception(0.6, 0.4, "unsure")),)),
        "female": PictureResult("e", ((face, Perception(0.9, 0.1, "female")),)),
    }
    tally = Tally()
    assert tally.exit_status == 65
    seen = []
    for result in results.values():
        tally.add(result)
        seen.append(tally.exit_status)
    assert seen == [65, 3, 4, 4, 0]
    assert (tally.pictures, tally.unreadable, tally.without_face) == (5, 1, 1)
    assert (tally.female, tally.male, tally.unsure) == (1, 0, 2)
