# SPDX-License-Identifier: Apache-2.0
"""`passerby check` names all that is wrong at once, from the settings to the directories."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.verbs.check.checkup import Finding, check_everything, exit_status


@pytest.fixture
def models(models_directory: Path, tmp_path: Path) -> Path:
    """Bundles that may be broken."""
    copy = tmp_path / "models"
    copy.mkdir()
    for name in ("blazeface-short", "default"):
        shutil.copytree(models_directory / name, copy / name)
    return copy


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "passerby.toml"
    path.write_text('state_directory = "state"\nrun_directory = "run"\n', encoding="utf-8")
    return path


def manifest_of(bundle: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((bundle / "bundle.json").read_text("utf-8"))
    return manifest


def change(bundle: Path, *keys: str, value: object) -> None:
    manifest = manifest_of(bundle)
    block = manifest
    for key in keys[:-1]:
        block = block[key]
    block[keys[-1]] = value
    (bundle / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")


def flip_a_byte(bundle: Path) -> None:
    model = bundle / manifest_of(bundle)["file"]["name"]
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 0x01
    model.write_bytes(data)


def lose_the_model(bundle: Path) -> None:
    (bundle / manifest_of(bundle)["file"]["name"]).unlink()


def lose_a_golden_picture(bundle: Path) -> None:
    (bundle / "golden" / manifest_of(bundle)["golden"]["cases"][0]["file"]).unlink()


def record_another_answer(bundle: Path) -> None:
    cases = manifest_of(bundle)["golden"]["cases"]
    cases[3]["outputs"] = [-value for value in cases[3]["outputs"]]
    change(bundle, "golden", "cases", value=cases)


def record_too_short_an_answer(bundle: Path) -> None:
    cases = manifest_of(bundle)["golden"]["cases"]
    cases[0]["outputs"] = [1]
    change(bundle, "golden", "cases", value=cases)


def write_rubbish(bundle: Path) -> None:
    (bundle / "bundle.json").write_bytes(b"\xff{")


BREAKAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "flipped": (flip_a_byte, "is damaged: SHA-256"),
    "label-count": (
        lambda bundle: change(bundle, "output", "labels", value=["female"]),
        "labels are ['female'], expected female and male",
    ),
    "three-labels": (
        lambda bundle: change(bundle, "output", "labels", value=["female", "male", "x"]),
        "expected female and male",
    ),
    "future": (lambda bundle: change(bundle, "format", value=99), "bundle format 99"),
    "no-model": (lose_the_model, "is missing"),
    "no-golden": (lose_a_golden_picture, "is missing"),
    "no-manifest": (lambda bundle: (bundle / "bundle.json").unlink(), "no readable bundle.json"),
    "no-json": (write_rubbish, "bundle.json"),
    "wrong-size": (
        lambda bundle: change(bundle, "input", "width", value=200),
        "expected the input's width and height",
    ),
    "short-answer": (record_too_short_an_answer, "has 1 recorded outputs, the model gives 2"),
    "other-answer": (record_another_answer, "do not come out as recorded"),
}


def findings_of(settings: Path, models: Path) -> dict[str, Finding]:
    return {finding.subject: finding for finding in check_everything(settings, models=models)}


def run_check(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device", "check", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PASSERBY_SETTINGS": os.devnull},
    )


def test_all_is_right(models: Path, settings_file: Path) -> None:
    done = run_check("--models", models, "--settings", settings_file)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1] == "all is right"
    assert all(line.startswith("ok    ") for line in lines[:-1])
    assert {line[6:].partition(":")[0] for line in lines[:-1]} == {
        "settings",
        "runtime",
        "bundle blazeface-short",
        "bundle default",
        "camera",
        "store",
        "state_directory",
        "run_directory",
    }
    assert not (settings_file.parent / "state").exists(), "a check writes nothing"


def test_every_broken_bundle_is_named_at_once(models: Path, settings_file: Path) -> None:
    for name, (breakage, _) in BREAKAGES.items():
        shutil.copytree(models / "default", models / name)
        breakage(models / name)
    done = run_check("--models", models, "--settings", settings_file, "--json")
    assert done.returncode == 70
    answer = json.loads(done.stdout)
    assert (answer["ok"], answer["exit_status"]) == (False, 70)
    wrong = {f["subject"]: f for f in answer["findings"] if not f["ok"]}
    assert set(wrong) == {f"bundle {name}" for name in BREAKAGES}
    for name, (_, said) in BREAKAGES.items():
        assert said in wrong[f"bundle {name}"]["message"], name
        assert str(models / name) in wrong[f"bundle {name}"]["message"], name
        assert (wrong[f"bundle {name}"]["code"], wrong[f"bundle {name}"]["exit_status"]) == (
            "bundle",
            20,
        )


def test_a_single_fault_gives_its_own_status(models: Path, settings_file: Path) -> None:
    flip_a_byte(models / "default")
    done = run_check("--models", models, "--settings", settings_file)
    assert done.returncode == 20
    assert "FAULT bundle default: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 of ")


def test_a_named_bundle_must_be_there_and_of_the_right_kind(
    models: Path, settings_file: Path
) -> None:
    text = settings_file.read_text("utf-8")
    text += '[models]\ndetector = "default"\nclassifier = "gone"\n'
    settings_file.write_text(text, encoding="utf-8")
    found = findings_of(settings_file, models)
    assert "expected a detector" in found["bundle default"].message
    assert "no readable bundle.json" in found["bundle gone"].message
    assert found["bundle blazeface-short"].ok


def test_faults_of_the_settings_do_not_hide_the_others(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "faulty.toml"
    path.write_text(
        'state_directory = "state"\nrun_directory = 3\n[camera]\npath = "gone"\nloop = 1\n',
        encoding="utf-8",
    )
    flip_a_byte(models / "default")
    found = [finding for finding in check_everything(path, models=models) if not finding.ok]
    assert [finding.subject for finding in found] == [
        "settings",
        "settings",
        "bundle default",
        "camera",
    ]
    assert f"{tmp_path / 'gone'} does not exist" in found[-1].message
    assert found[-1].exit_status == 10
    assert exit_status(found) == 70


def test_a_camera_path_with_pictures_is_right(models: Path, settings_file: Path) -> None:
    pictures = Path(__file__).parent / "data" / "faces" / "pictures"
    text = settings_file.read_text("utf-8") + f'[camera]\npath = "{pictures}"\n'
    settings_file.write_text(text, encoding="utf-8")
    found = findings_of(settings_file, models)["camera"]
    assert found.ok
    assert "154 pictures" in found.message


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"garbage" * 4096), "cannot be read"),
        (lambda path: path.mkdir(), "no store of visits"),
        (other_database, "another program's database"),
    ],
)
def test_a_store_that_cannot_be_used(
    models: Path, settings_file: Path, make: Callable[[Path], object], said: str
) -> None:
    state = settings_file.parent / "state"
    state.mkdir()
    make(state / "visits.db")
    found = findings_of(settings_file, models)["store"]
    assert not found.ok
    assert said in found.message
    assert (found.code, found.exit_status) == ("store", 50)


def test_directories_that_cannot_be(models: Path, settings_file: Path) -> None:
    (settings_file.parent / "state").write_text("a file", encoding="utf-8")
    found = findings_of(settings_file, models)
    assert "is no directory" in found["state_directory"].message
    assert found["run_directory"].ok
    assert "can be made" in found["run_directory"].message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_the_right_to_write(models: Path, settings_file: Path) -> None:
    state = settings_file.parent / "state"
    state.mkdir(mode=0o500)
    assert "cannot be written" in findings_of(settings_file, models)["state_directory"].message


def test_no_models_at_all(tmp_path: Path, settings_file: Path) -> None:
    found = findings_of(settings_file, tmp_path / "nothing")
    assert not found["bundle blazeface-short"].ok
    assert not found["bundle default"].ok
