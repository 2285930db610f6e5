# SPDX-License-Identifier: Apache-2.0
"""`python -m training` as a real process: lean help, errors as sentences, exit statuses."""

import argparse
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from device import errors
from training import cli

FACES = Path(__file__).parent / "data" / "faces"
HEAVY = ("numpy", "PIL", "tensorflow", "tf_keras", "keras", "ai_edge_litert", "tqdm")


def training(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **more},
    )


def with_verb(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Put a verb in place of `train` that only raises."""

    def run(args: argparse.Namespace) -> int:
        raise error

    module = types.ModuleType("training.verbs.train")
    vars(module).update(HELP="raises", add_arguments=lambda parser: None, run=run)
    monkeypatch.setitem(sys.modules, "training.verbs.train", module)


def test_help_names_every_verb_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom training.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], sep=',', file=sys.stderr)"
    )
    for words in (["--help"], [], ["inspect", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr.strip() == ""
        expected = ["PATH", "--json", "--show"] if "inspect" in words else list(cli.VERBS)
        assert all(word in done.stdout for word in expected)


def test_a_verb_that_does_not_exist_is_a_usage_error() -> None:
    done = training("fly")
    assert done.returncode == errors.EXIT_USAGE
    assert "invalid choice: 'fly'" in done.stderr


def test_inspect_runs_as_a_process() -> None:
    done = training("inspect", str(FACES), "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["datasets"][0]["pictures"] == 154


def test_an_error_is_one_sentence_with_its_status(tmp_path: Path) -> None:
    done = training("inspect", str(tmp_path / "missing.zip"))
    assert done.returncode == errors.InputError.exit_status
    assert done.stdout == ""
    assert done.stderr.startswith("training: input: ")
    assert len(done.stderr.splitlines()) == 1
    (tmp_path / "1.jpg").write_bytes(b"")
    done = training("inspect", str(tmp_path))
    assert done.returncode == errors.DatasetError.exit_status
    assert done.stderr.startswith("training: dataset: ")


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    done = training("inspect", str(tmp_path / "missing.zip"), PASSERBY_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.returncode == errors.InputError.exit_status


def test_a_reader_that_leaves_is_no_error() -> None:
    command = (
        f"{sys.executable} -m training inspect {FACES} --json | head -c 10; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (errors.BundleError("no model"), 20, "training: bundle: no model\n"),
        (KeyboardInterrupt(), 130, "training: interrupted: "),
        (
            ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow"),
            21,
            "training: runtime: tensorflow is not installed",
        ),
        (ModuleNotFoundError("No module named 'x'", name="x"), 1, "training: unexpected: "),
        (ZeroDivisionError("by zero"), 1, "training: unexpected: ZeroDivisionError: by zero"),
    ],
)
def test_whatever_a_verb_raises_becomes_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    text: str,
) -> None:
    with_verb(monkeypatch, error)
    assert cli.main(["train"]) == status
    assert capsys.readouterr().err.startswith(text)
