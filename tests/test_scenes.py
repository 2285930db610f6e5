# SPDX-License-Identifier: Apache-2.0
"""Scenes: what is composed, what their truth says, and how well the real device counts in them.

The tracker was tuned on scenes of seeds 0 to 29. The reported figures are those of seeds 1000 to
1019, on which nothing was chosen:

    python -m training scenes tests/data/faces --evaluate --count 20 --seed 1000

Two of those scenes are watched here; the committed doorway.zip is seed 2019 of the command

    python -m training scenes tests/data/faces --write tests/data/doorway.zip --seed 2019 \
        --people 9 --rate 8 --noise 1 --quality 43
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from device.detector import Detector
from device.errors import InputError
from device.records import Box
from training.cli import main
from training.datasets import open_dataset
from training.scenes.casting import FAIRFACE, credits_for, portraits
from training.scenes.files import read_frames, read_scene, write_scene
from training.scenes.generate import Portrait, Stage, stage
from training.scenes.plan import SceneOptions, cast
from training.scenes.scoring import SceneScore, score_scene, total
from training.scenes.truth import (
    Person,
    Scene,
    TrueFace,
    Truth,
    VisitRule,
    decode,
    encode,
    true_visits,
)
from training.scenes.watching import watch

SHORT = SceneOptions(people=3, empty_seconds=1.0)
DOORWAY = SceneOptions(people=9, frames_per_second=8, noise=1, jpeg_quality=43)


@pytest.fixture(scope="module")
def people(faces_directory: Path) -> Iterator[tuple[Portrait, ...]]:
    with open_dataset(faces_directory) as dataset:
        yield portraits(dataset)


@pytest.fixture(scope="module")
def small(people: tuple[Portrait, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenes") / "small.zip"
    write_scene(path, stage(people, seed=5, options=SHORT), FAIRFACE)
    return path


def played(staged: Stage, frames: int) -> list[tuple[bytes, tuple[TrueFace, ...]]]:
    play = staged.play()
    return [(pixels.tobytes(), faces) for pixels, faces in (next(play) for _ in range(frames))]


def test_one_seed_is_one_scene(people: tuple[Portrait, ...]) -> None:
    first, again, other = (stage(people, seed=seed, options=SHORT) for seed in (1, 1, 2))
    assert played(first, 12) == played(again, 12)
    assert played(first, 12)[0][0] != played(other, 12)[0][0]


def test_nobody_is_cast_twice_until_all_have_been() -> None:
    generator = np.random.default_rng(0)
    assert sorted(cast(generator, 10, 10)) == list(range(10))
    assert len(set(cast(generator, 10, 4))) == 4
    assert sorted(cast(generator, 2, 4)) == [0, 0, 1, 1]


def test_a_scene_file_says_all_that_is_needed(small: Path) -> None:
    with zipfile.ZipFile(small) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        said = json.loads(archive.read("scene.json"))
        for name in said["frames"]:
            with Image.open(io.BytesIO(archive.read(name))) as picture:
                assert (picture.format, picture.size) == ("JPEG", (640, 480))
    assert (said["format"], said["frames_per_second"], said["seed"]) == (1, 10.0, 5)
    assert "FairFace" in said["attribution"] and "CC BY 4.0" in said["licence"]
    assert len(said["truth"]["faces"]) == len(said["frames"])


def test_reading_gives_back_what_was_written(small: Path, people: tuple[Portrait, ...]) -> None:
    scene = read_scene(small)
    staged = stage(people, seed=5, options=SHORT)
    frames = list(read_frames(small, scene))
    assert scene.truth.people == staged.people
    assert len(frames) == staged.frame_count
    for pixels, (drawn, faces), known in zip(frames, staged.play(), scene.truth.faces, strict=True):
        assert faces == known
        assert np.abs(pixels.astype(int) - drawn).mean() < 4


def test_a_folder_holds_the_same_scene(
    small: Path, people: tuple[Portrait, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    staged = stage(people, seed=5, options=SHORT)
    assert replace(write_scene(folder, staged, FAIRFACE), name="small") == read_scene(small)
    assert read_scene(folder).frames == read_scene(small).frames
    with pytest.raises(InputError, match="already holds files"):
        write_scene(folder, stage(people, seed=5, options=SHORT), FAIRFACE)


def test_faces_are_where_the_truth_says(small: Path) -> None:
    """Between two frames the picture changes about faces that move, and not elsewhere."""
    scene = read_scene(small)
    empty = [not faces for faces in scene.truth.faces]
    frames = [pixels.astype(int) for pixels in read_frames(small, scene)]
    still = frames[empty.index(True)]
    seen = 0
    for pixels, faces in zip(frames, scene.truth.faces, strict=True):
        for face in faces:
            if face.visible < 0.95 or face.box.width < 75:
                continue
            box = face.box
            rows = slice(round(box.y + 8), round(box.y + box.height - 8))
            across = slice(round(box.x + 8), round(box.x + box.width - 8))
            assert np.abs(pixels[rows, across] - still[rows, across]).mean() > 10
            seen += 1
    assert seen > 20


def test_only_who_stands_behind_somebody_is_hidden(doorway: Path) -> None:
    hidden = 0
    for faces in read_scene(doorway).truth.faces:
        assert [one.box.width for one in faces] == sorted(one.box.width for one in faces)
        for number, far in enumerate(faces):
            whole = far.box.x > 0 and far.box.x + far.box.width < 640
            if not whole or far.visible > 0.8 or far.box.width < 40:  # smaller: behind the wall
                continue
            nearer = (abs(near.box.x - far.box.x) / near.box.width for near in faces[number + 1 :])
            assert min(nearer) < 2.5  # half the breadth of the shoulders, and some
            hidden += 1
    assert hidden >= 5


def scene_of(*widths: tuple[float, float], rate: float = 10.0) -> Scene:
    """One person whose face is so wide and so visible in each frame."""
    faces = tuple(
        (TrueFace(0, Box(100, 100, width, width), visible),) if width else ()
        for width, visible in widths
    )
    names = tuple(f"frames/{number:06d}.jpg" for number in range(len(faces)))
    truth = Truth((Person(0, "female", "a.jpg"),), faces)
    return Scene(1, "made", 640, 480, rate, 0, "nobody", "none", names, truth)


@pytest.mark.parametrize(
    ("frames", "visits"),
    [
        ([(80, 1.0)] * 5, 1),
        ([(80, 1.0)] * 4, 0),
        ([(74, 1.0)] * 30, 0),
        ([(80, 0.69)] * 30, 0),
        ([(80, 1.0), (80, 0.2)] * 5, 1),
        ([(80, 1.0)] * 3 + [(0, 0.0)] * 20 + [(80, 1.0)] * 3, 1),
    ],
)
def test_what_counts_as_a_true_visit(frames: list[tuple[float, float]], visits: int) -> None:
    assert len(true_visits(scene_of(*frames))) == visits


def test_a_true_visit_lasts_from_the_first_clear_frame_to_the_last() -> None:
    frames = [(40, 1.0)] * 3 + [(80, 1.0)] * 6 + [(80, 0.1)] * 2 + [(80, 1.0)] + [(0, 0.0)] * 4
    (visit,) = true_visits(scene_of(*frames))
    assert (visit.first_frame, visit.last_frame, visit.clear_frames) == (3, 11, 7)
    assert true_visits(scene_of(*frames), VisitRule(min_seconds=0.8)) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"format": 2}, "format 2, expected 1"), ({"frames": []}, "0 frames but truth for 5")],
)
def test_a_scene_of_another_kind_is_refused(change: dict[str, object], words: str) -> None:
    said = json.loads(encode(scene_of(*[(80.0, 1.0)] * 5))) | change
    with pytest.raises(InputError, match=words):
        decode(json.dumps(said), name="scene.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"format": 1}', "\udcff"])
def test_what_is_no_scene_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"x\.zip"):
        decode(text.encode("utf-8", "surrogateescape"), name="x.zip")


def test_pictures_without_a_scene_are_refused(faces_directory: Path) -> None:
    with pytest.raises(InputError, match=r"no scene\.json"):
        read_scene(faces_directory)


def test_the_committed_scene_is_what_its_seed_gives(
    doorway: Path, people: tuple[Portrait, ...]
) -> None:
    scene = read_scene(doorway)
    assert doorway.stat().st_size <= 3_000_000
    assert 20 <= len(scene.frames) / scene.frames_per_second <= 30
    assert (scene.attribution, scene.licence) == (FAIRFACE.attribution, FAIRFACE.licence)
    staged = stage(people, seed=scene.seed, options=DOORWAY)
    assert staged.people == scene.truth.people
    for (_, faces), known in islice(zip(staged.play(), scene.truth.faces, strict=True), 50):
        assert [face.identity for face in faces] == [face.identity for face in known]
        for face, other in zip(faces, known, strict=True):
            assert face.box.x == pytest.approx(other.box.x, abs=0.3)
            assert face.visible == pytest.approx(other.visible, abs=0.02)


def test_the_committed_scene_has_what_a_demo_needs(doorway: Path) -> None:
    scene = read_scene(doorway)
    labels = [visit.person.label for visit in true_visits(scene)]
    assert (labels.count("female"), labels.count("male")) == (5, 4)
    overlaps = sum(face.visible < 0.5 for faces in scene.truth.faces for face in faces)
    assert overlaps > 10
    empty = "".join("x" if faces else "." for faces in scene.truth.faces)
    assert "." * round(3 * scene.frames_per_second) in empty
    assert max(map(len, scene.truth.faces)) >= 3


@pytest.fixture(scope="module")
def scores(
    people: tuple[Portrait, ...], detector: Detector, tmp_path_factory: pytest.TempPathFactory
) -> list[SceneScore]:
    folder = tmp_path_factory.mktemp("reported")
    for seed in range(1000, 1002):
        write_scene(folder / f"{seed}.zip", stage(people, seed=seed), FAIRFACE)
    return [
        score_scene(watch(path, detector=detector, classifier=None))
        for path in sorted(folder.iterdir())
    ]


@pytest.mark.slow
def test_visits_are_counted_within_a_tenth_of_the_truth(scores: list[SceneScore]) -> None:
    score = total(scores)
    assert score.true_visits >= 18
    assert score.count_error is not None and score.count_error <= 0.10
    assert score.missed + score.doubled + score.phantoms + score.extras <= 4


def test_the_verb_writes_and_evaluates(
    faces_directory: Path,
    models_directory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "one.zip"
    make = ["scenes", str(faces_directory), "--write", str(target), "--people", "2", "--seed", "9"]
    assert main(make) == 0
    assert capsys.readouterr().out.strip() == str(target)
    look = ["--evaluate", "--classifier", "none", "--models", str(models_directory)]
    assert main(["scenes", str(target), *look, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["total"]["scenes"] == 1
    assert said["total"]["true_visits"] == len(true_visits(read_scene(target)))
    assert main(["scenes", str(target), *look]) == 0
    assert "Visits:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "neither --write nor --evaluate"),
        (["--evaluate", "--people", "0"], "above zero"),
        (["--write", "one.zip", "--count", "2"], "expected a folder"),
    ],
)
def test_the_verb_says_what_is_wrong(
    faces_directory: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenes", str(faces_directory), *words]) == 65
    assert said in capsys.readouterr().err


def test_credit_is_given_to_fairface_only_where_it_is_due(faces_directory: Path) -> None:
    with open_dataset(faces_directory) as dataset:
        assert credits_for(dataset) is FAIRFACE
        dataset.format = "folders"
        assert "FairFace" not in credits_for(dataset).attribution
