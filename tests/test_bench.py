# SPDX-License-Identifier: Apache-2.0
"""`passerby bench`: figures that add up, beside the machine that gave them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from device.bundle import open_bundle
from device.verbs.bench.measuring import STAGES

PICTURES = Path(__file__).parent / "data" / "faces" / "pictures"


def run_bench(models: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device", "bench", "--models", models, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PASSERBY_SETTINGS": os.devnull},
    )


def test_json_holds_every_stage_the_memory_and_the_machine(models_directory: Path) -> None:
    done = run_bench(models_directory, PICTURES, "--frames", "30", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["frames"] == 30
    assert 0 < answer["faces"] <= 60
    assert (answer["width"], answer["height"]) == (160, 160)
    assert list(answer["stages"]) == list(STAGES)
    for stage in answer["stages"].values():
        assert 0 < stage["median_ms"] <= stage["p95_ms"]
    assert answer["stages"]["frame"]["frames"] == answer["stages"]["detect"]["frames"] == 30
    assert answer["stages"]["crop"]["frames"] == answer["stages"]["classify"]["frames"] <= 30
    parts = sum(answer["stages"][stage]["median_ms"] for stage in ("decode", "detect"))
    assert answer["stages"]["frame"]["p95_ms"] >= parts / 2
    assert answer["memory"]["peak_bytes"] > 20 * 2**20
    for role, name in {"detector": "blazeface-short", "classifier": "default"}.items():
        assert answer["bundles"][role] == open_bundle(models_directory / name).identity
    machine = answer["machine"]
    assert machine["cores"] >= machine["cores_usable"] >= 1
    assert machine["memory_bytes"] > 2**27
    assert machine["python"] == sys.version.split()[0]
    assert answer["runtime"] in machine["runtimes"]
    for key in ("cpu", "architecture", "system", "kernel", "numpy", "pillow"):
        assert machine[key], key


def test_text_says_the_same_to_people(models_directory: Path) -> None:
    done = run_bench(models_directory, PICTURES, "--frames", "5")
    assert done.returncode == 0, done.stderr
    for word in (*STAGES, "frames per second", "peak memory", "machine", "runtime", "median ms"):
        assert f"\n{word} " in done.stdout or f" {word} " in done.stdout, word
    assert "5 frames of " in done.stdout


def test_without_a_path_it_takes_what_came_with_it(models_directory: Path) -> None:
    done = run_bench(models_directory, "--frames", "3", "--json")
    assert done.returncode == 0, done.stderr
    (pictures,) = json.loads(done.stdout)["pictures"]
    assert pictures.endswith(("doorway.zip", "golden"))


def test_a_broken_picture_is_left_out(models_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"words")
    (tmp_path / "2.jpg").write_bytes(next(PICTURES.glob("*.jpg")).read_bytes())
    done = run_bench(models_directory, tmp_path, "--frames", "4", "--json")
    assert json.loads(done.stdout)["frames"] == 4


@pytest.mark.parametrize("name", ["words.jpg", "missing"])
def test_nothing_to_measure_on_is_an_error(
    models_directory: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "words.jpg").write_bytes(b"words")
    done = run_bench(models_directory, tmp_path / name, "--json")
    assert done.returncode == 65
    assert json.loads(done.stdout)["error"]["code"] == "input"


def test_frames_must_be_a_sensible_number(models_directory: Path) -> None:
    done = run_bench(models_directory, "--frames", "0")
    assert done.returncode == 2
    assert "expected a whole number from 1 to 100000" in done.stderr
