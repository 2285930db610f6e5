# SPDX-License-Identifier: Apache-2.0
"""Judge, Predict and Ship in a real browser, over an exported run that nobody trained."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from studio_homes import Exported, ended, exported_home

from browser import walk, walk_on
from browser.servers import Server
from browser.uploads import utkface_names
from device.classifier import Classifier
from device.detector import Detector
from training import operating
from training.outcomes import outcomes_file
from training.studio.home import Home
from training.studio.judging import judgement
from training.studio.looking import Eyes
from training.studio.shipping import export_job, passerby_check

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Studio:
    """A page server over an exported run."""

    exported: Exported
    server: Server

    @property
    def home(self) -> Home:
        return self.exported.home

    def open(self, page: Page, name: str) -> None:
        page.goto(f"{self.server.url}/{name.lower()}")
        expect(walk.heading(page, name)).to_be_visible(timeout=walk.PATIENCE)


@pytest.fixture(scope="module")
def eyes(detector: Detector, classifier: Classifier) -> Eyes:
    return Eyes(detector, classifier=classifier)


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, faces_directory: Path, eyes: Eyes
) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("judge")
    made = exported_home(folder / "home", faces_directory, eyes=eyes)
    words = ("studio", "--home", folder / "home", "--no-browser")
    with Server(*words, log=folder / "studio.log", health="/_stcore/health") as running:
        yield Studio(made, running)


def test_the_slider_tells_what_another_threshold_would_do(
    studio: Studio, page: Page, shoot: walk.Shoot
) -> None:
    outcomes = studio.exported.measured.outcomes
    studio.open(page, "Judge")
    walk_on.judge(page, shoot)
    slider = page.get_by_role("slider")
    slider.press("End")
    for _ in range(20):
        slider.press("ArrowLeft")
    walk.says(page, "98.0 %")
    answered, right = operating.coverage(operating.with_threshold(outcomes, 0.98))
    expect(walk_on.tile(page, "Answered")).to_contain_text(f"{answered.value:.1%}")
    expect(walk_on.tile(page, "Answers that are right")).to_contain_text(f"{right.value:.1%}")
    own = judgement(studio.home, studio.exported.run).decision.min_confidence
    walk.says(page, f"own threshold is {own:.1%}")


def test_pictures_against_their_labels(
    studio: Studio, page: Page, shoot: walk.Shoot, eyes: Eyes, faces_directory: Path
) -> None:
    rows = {row.name: row for row in studio.exported.prepared.rows}
    pictures = utkface_names(faces_directory)
    studio.open(page, "Predict")
    walk.says(page, "Predicted: ")
    for number in (1, 2, 3):
        name = walk_on.choose(page, number)
        (seen, *_) = eyes.look(pictures[name], name=name).faces
        assert seen.perception is not None
        assert walk_on.predicted(page) == seen.perception.label
        assert walk_on.labelled(page) == rows[name].perceived_gender
        walk.says(page, "Held out: the model was not trained on this picture.")
    shoot(page, "predict")
    page.get_by_role("radio", name="Trained on").click()
    walk.says(page, "This picture was trained on")
    walk.says(page, "a right answer proves nothing")
    shoot(page, "predict-trained-on")
    page.get_by_role("textbox", name="Name contains").fill("nobody of this name")
    page.get_by_role("textbox", name="Name contains").press("Enter")
    walk.says(page, "There is no such picture.")


def bomb() -> bytes:
    """A PNG of a few bytes that claims 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def test_bad_uploads_get_a_sentence_and_a_good_one_an_answer(
    studio: Studio, page: Page, shoot: walk.Shoot, faces_directory: Path, tmp_path: Path
) -> None:
    prepared = studio.exported.prepared
    held_out = prepared.rows[prepared.indices("calibrate")[0]]
    face = utkface_names(faces_directory)[held_out.name]
    studio.open(page, "Predict")
    page.get_by_role("radio", name="Upload one").click()
    bad = {
        "words.jpg": (b"these are words", "words.jpg is not a picture that can be read"),
        "empty.png": (b"", "empty.png is not a picture that can be read"),
        "bomb.png": (bomb(), "bomb.png claims far more than"),
        "half.jpg": (face[: len(face) // 2], "half.jpg is truncated or damaged"),
        "huge.jpg": (bytes(33 * 2**20), "huge.jpg has 34.6 MB, at most 32 MB"),
    }
    box = page.locator("input[type=file]").first
    for name, (data, words) in bad.items():
        (tmp_path / name).write_bytes(data)
        box.set_input_files(tmp_path / name)
        walk.says(page, words)
    shoot(page, "predict-bad-upload")
    box.set_input_files({"name": "face.jpg", "mimeType": "image/jpeg", "buffer": face})
    walk.says(page, "the crop that was used")
    walk.says(page, "the model was not trained on this picture")
    shoot(page, "predict-upload")
    with io.BytesIO() as file:
        Image.new("RGB", (320, 240), "grey").save(file, "PNG")
        nobody = file.getvalue()
    box.set_input_files({"name": "wall.png", "mimeType": "image/png", "buffer": nobody})
    walk.says(page, "no face found")
    walk.says(page, "This file is not among the pictures that the model was trained on.")
    assert "Traceback" not in studio.server.log.read_text()


def test_the_gates_are_told_and_the_bundle_is_taken(
    studio: Studio, page: Page, shoot: walk.Shoot, tmp_path: Path
) -> None:
    studio.open(page, "Ship")
    walk.says(page, "gates are not passed, judged on faces.zip, calibrate split")
    walk.says(page, "has no group of 100 pictures or more")
    walk.says(page, "passerby check is content")
    walk.says(page, "/scripts/deploy pi@raspberrypi.local --bundle")
    shoot(page, "ship")
    bundle = walk_on.download(page, tmp_path / "unpacked")
    assert bundle.name == "first-try"
    assert passerby_check(bundle).passed
    host = page.get_by_role("textbox", name="Your Pi, as ssh calls it")
    host.fill("-oProxyCommand=x")
    host.press("Enter")
    walk.says(page, "is no name of a machine")


def test_what_went_wrong_is_a_sentence(studio: Studio, page: Page, shoot: walk.Shoot) -> None:
    run = studio.exported.run
    path = outcomes_file(run.folder, run.name)
    kept = path.read_bytes()
    job = export_job(studio.home, run)
    job.folder.mkdir(parents=True)
    (job.folder / "job.json").write_text('{"pid":1,"began":1.0,"commands":[["export"]]}')
    (job.folder / "status.json").write_text('{"exit_status":66}')
    (job.folder / "log.txt").write_text("training: dataset: 3 golden pictures, expected 16\n")
    path.unlink()
    again = studio.home.new_dataset("again.zip")
    studio.home.keep_source(again, studio.exported.dataset.source, title="Again.zip")
    ended(again.check)
    try:
        studio.open(page, "Judge")
        walk.says(page, "3 golden pictures, expected 16")
        walk.says(page, "no table of outcomes")
        expect(page.get_by_role("button", name="Export")).to_be_visible()
        shoot(page, "judge-failed")
        page.get_by_role("combobox", name="Test pictures").click()
        page.get_by_role("option", name="Again.zip").click()
        page.keyboard.press("Escape")  # the list stays open for more
        page.get_by_role("button", name="Export").click()
        walk.says(page, "154 of the 154 pictures of Again.zip were trained on")
    finally:
        again.remove()
        path.write_bytes(kept)
        for name in ("job.json", "status.json", "log.txt"):
            (job.folder / name).unlink()


def test_held_out_pictures_of_one_label_only(
    page: Page, shoot: walk.Shoot, tmp_path: Path, faces_directory: Path, eyes: Eyes
) -> None:
    home = tmp_path / "home"
    exported_home(home, faces_directory, eyes=eyes, only="male")
    words = ("studio", "--home", home, "--no-browser")
    with Server(*words, log=tmp_path / "studio.log", health="/_stcore/health") as server:
        page.goto(f"{server.url}/judge")
        walk.says(page, "A ROC needs found faces of both labels")
        walk.says(page, "no picture here is labelled female")
        shoot(page, "judge-one-label")
        walk.turn_to(page, "Ship")
        walk.says(page, "shows not both, expected both to compare them")
        assert "Traceback" not in (tmp_path / "studio.log").read_text()
