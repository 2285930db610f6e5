# SPDX-License-Identifier: Apache-2.0
"""The demo without its page: looking, wording, examples, uploads, the Space's files."""

import io
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zeros import png_of_zeros

from device.classifier import Classifier
from device.errors import InputError
from device.records import UNSURE
from training.cli import main
from training.demo import space as space_files
from training.demo.examples import compose_examples, read_examples, write_examples
from training.demo.seeing import Look, Looker
from training.demo.serving import CLASSIFIERS, DETECTOR
from training.demo.uploads import Waiting, sweep
from training.demo.wording import answer, refusal, split_card, summary, thumbnails

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def looker(models_directory: Path) -> Looker:
    return Looker(models_directory, detector=DETECTOR, classifiers=CLASSIFIERS)


@pytest.fixture(scope="module")
def six(faces_directory: Path) -> bytes:
    return compose_examples(faces_directory)[0].jpeg


@pytest.fixture(scope="module")
def look(looker: Looker, six: bytes) -> Look:
    return looker.look(six, model="default")


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def odd_ones(six: bytes) -> dict[str, bytes]:
    """The same six people in unusual ways."""
    image = opened(six)
    turned = Image.Exif()
    turned[0x0112] = 6
    grey = (np.asarray(image.convert("L")).astype(np.uint16) << 8).astype(np.uint16)
    return {
        "cmyk": saved(image.convert("CMYK"), "JPEG"),
        "turned": saved(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=turned),
        "sixteen": saved(Image.fromarray(grey), "PNG"),
        "see-through": saved(image.convert("RGBA"), "PNG"),
        "animated": saved(image, "WEBP", save_all=True, append_images=[image.rotate(90)]),
        "large": saved(image.resize((image.width * 4, image.height * 4)), "JPEG"),
    }


BAD = {
    "nothing": (b"", "not a picture"),
    "words": (b"hello " * 100, "not a picture"),
    "half": (b"", "truncated or damaged"),
    "animated gif": (saved(Image.new("P", (64, 64)), "GIF"), "JPEG, PNG, BMP or WebP needed"),
    "bomb": (png_of_zeros(14_000), "scale it down"),
    "too large": (saved(Image.new("L", (2100, 2100)), "PNG"), "at most 4200000"),
    "too small": (saved(Image.new("L", (4, 4)), "PNG"), "at least 8x8"),
}


def test_every_example_shows_as_many_faces_as_it_says(
    looker: Looker, faces_directory: Path
) -> None:
    examples = compose_examples(faces_directory)
    assert [example.people for example in examples] == [6, 12, 1, 0]
    for example in examples:
        for model in looker.models:
            assert len(looker.look(example.jpeg, model=model).faces) == example.people


def test_an_answer_is_the_classifiers_own(look: Look) -> None:
    """Even of a face so small that its vote over a track would not decide."""
    for face in look.faces:
        assert face.perception is not None
        assert face.steady == face.perception.label
        assert face.steady_confidence == face.perception.confidence
        assert (face.steady == UNSURE) == (face.steady_confidence < look.min_confidence)


def test_small_faces_in_a_large_picture_are_found(
    looker: Looker, pictures: dict[str, object]
) -> None:
    """Each 6 % of the picture's width: too small for one look at the whole."""
    scene = Image.new("RGB", (1600, 1000), "#667")
    for place, name in enumerate(list(pictures)[:3]):
        face = Image.fromarray(np.asarray(pictures[name], np.uint8))
        scene.paste(face, (200 + 450 * place, 430))
    assert len(looker.look(saved(scene, "JPEG"), model="default").faces) == 3


@pytest.mark.parametrize("kind", ["cmyk", "turned", "sixteen", "see-through", "animated", "large"])
def test_unusual_pictures_are_read(looker: Looker, six: bytes, kind: str) -> None:
    seen = looker.look(odd_ones(six)[kind], model="default")
    assert len(seen.faces) == 6
    assert seen.observation.width > seen.observation.height


@pytest.mark.parametrize("kind", list(BAD))
def test_bad_pictures_get_one_sentence(looker: Looker, six: bytes, kind: str) -> None:
    data, words = BAD[kind]
    with pytest.raises(InputError, match=words) as caught:
        looker.look(data or (six[: len(six) // 2] if kind == "half" else b""), model="tiny")
    assert "\n" not in str(caught.value)
    assert "Traceback" not in refusal(str(caught.value))
    assert refusal(str(caught.value)).endswith(".</p></div>")


def test_the_answer_tells_all(look: Look, classifier: Classifier) -> None:
    said = answer(look)
    assert summary(look.faces) in said
    assert summary(look.faces).startswith("6 faces: ")
    assert said.count("<tr><td>#") == 6
    assert "swatch unsure" in said
    least = f"Under {classifier.decision.min_confidence:.0%}"
    for words in ("find faces", "classify", "milliseconds", "default 2", "perceived", least):
        assert words in said
    assert opened(look.jpeg).width == 720


def test_what_is_said_is_text_and_never_markup() -> None:
    assert "<script>" not in refusal("<script>alert(1)</script> is no picture")


def test_nobody_is_an_answer_too(looker: Looker, faces_directory: Path) -> None:
    nobody = compose_examples(faces_directory)[-1]
    said = answer(looker.look(nobody.jpeg, model="default"))
    assert "No face found" in said
    assert "<table>" not in said


def test_a_card_is_split_before_method_and_tables(looker: Looker) -> None:
    for model in looker.models:
        essence, tables = split_card(looker.card(model))
        assert "must not be used for" in essence
        assert "| group |" not in essence
        assert tables.count("by group") >= 2
    assert split_card("# only\nthis") == ("# only\nthis", "")


def test_examples_are_credited(faces_directory: Path) -> None:
    shown = thumbnails(compose_examples(faces_directory))
    assert "FairFace" in shown
    assert "creativecommons.org/licenses/by/4.0" in shown
    assert thumbnails(()) == ""


def test_examples_are_read_back(faces_directory: Path, tmp_path: Path) -> None:
    examples = compose_examples(faces_directory)
    write_examples(tmp_path, examples)
    assert read_examples(tmp_path) == examples
    assert "CC BY 4.0" in (tmp_path / "ATTRIBUTION.md").read_text()
    (tmp_path / "1.jpg").unlink()
    with pytest.raises(InputError, match="no examples can be read"):
        read_examples(tmp_path)


def test_an_upload_is_gone_when_it_is_read(tmp_path: Path) -> None:
    with Waiting() as waiting:
        upload = waiting.folder / "hash" / "a.jpg"
        upload.parent.mkdir()
        upload.write_bytes(b"picture")
        assert waiting.take(upload) == b"picture"
        assert list(waiting.folder.iterdir()) == []
        assert waiting.take(upload) == b""
        mine = tmp_path / "mine.jpg"
        mine.write_bytes(b"not an upload")
        assert waiting.take(mine) == b""
        assert waiting.take(waiting.folder / ".." / "x") == b""
        assert mine.read_bytes() == b"not an upload"
        upload.parent.mkdir()
        upload.write_bytes(b"never read")
    assert not waiting.folder.exists()


def test_what_a_killed_demo_left_goes_with_the_next_start() -> None:
    with Waiting() as waiting:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        left = waiting.folder.with_name(f"passerby-demo-{ended.pid}-x")
        left.mkdir()
        (left / "a.jpg").write_bytes(b"picture")
        with Waiting():
            assert not left.exists()
            assert waiting.folder.exists()


def test_uploads_that_nobody_reads_are_swept_away() -> None:
    with Waiting(max_age_seconds=0.2, sweep_seconds=0.05) as waiting:
        upload = waiting.folder / "hash" / "a.jpg"
        upload.parent.mkdir()
        upload.write_bytes(b"picture")
        deadline = time.monotonic() + 20
        while list(waiting.folder.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(waiting.folder.iterdir()) == []
        upload.parent.mkdir()
        upload.write_bytes(b"young")
        sweep(waiting.folder, before=0.0)
        assert upload.exists()


def test_the_demo_loads_no_tensorflow() -> None:
    code = """
import sys
import training.cli, training.verbs.demo, training.demo.serving, training.demo.space
import training.demo.seeing, training.demo.wording
print(sorted({"tensorflow", "tf_keras", "keras", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_space_is_whole(models_directory: Path, tmp_path: Path) -> None:
    folder = tmp_path / "space"
    assert main(["demo", "--space", str(folder), "--models", str(models_directory)]) == 0
    front = re.match(r"---\n(.*?)\n---\n", (folder / "README.md").read_text(), re.DOTALL)
    assert front is not None
    says = dict(line.split(": ", 1) for line in front[1].splitlines())
    assert says["sdk"] == "gradio"
    assert says["license"] == "apache-2.0"
    assert len(says["short_description"]) <= 60
    assert (folder / says["app_file"]).is_file()
    wanted = (folder / "requirements.txt").read_text().splitlines()
    assert f"gradio=={says['sdk_version']}" in wanted
    assert any(one.startswith("ai-edge-litert") for one in wanted)
    assert not any("tensorflow" in one or "passerby" in one for one in wanted)
    for name in (DETECTOR, *CLASSIFIERS):
        assert (folder / "models" / name / "CARD.md").is_file()
        assert not (folder / "models" / name / "report").exists()
    assert len(read_examples(folder / "examples")) == 4
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 10 * 2**20


def test_a_space_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("kept")
    assert main(["demo", "--space", str(tmp_path)]) == InputError.exit_status
    assert "not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_a_space_installs_is_what_the_project_states() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = space_files.requirements(project)
    assert set(project["dependencies"]) < set(wanted)
    assert len(wanted) == len(set(wanted))


def test_without_gradio_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo"]) == 21
    assert "pip install 'passerby[demo]'" in capsys.readouterr().err
