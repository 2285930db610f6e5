# SPDX-License-Identifier: Apache-2.0
"""The command line as a real process: lean help, errors as sentences, exit statuses."""

import argparse
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from device import __version__, cli, errors

HEAVY = ("numpy", "PIL", "tflite_runtime", "ai_edge_litert", "tqdm", "sqlite3", "asyncio")


def passerby(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "device", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **more},
    )


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import device",
        "import device.cli\ntry:\n    device.cli.main(['--help'])\nexcept SystemExit:\n    pass",
        "import device.cli\ndevice.cli.main(['config', 'sample'])",
    ],
)
def test_neither_numpy_nor_a_runtime_is_loaded(code: str) -> None:
    loaded = modules_after(code)
    assert "device" in loaded
    assert not [name for name in HEAVY if name in loaded]


def test_the_module_check_can_fail() -> None:
    assert "numpy" in modules_after("import numpy")


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_a_help_that_says_more_than_its_name(verb: str) -> None:
    done = passerby(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: passerby {verb}")
    assert len(done.stdout.split("options:")[0].split()) > 12
    assert "--settings" in done.stdout


@pytest.mark.parametrize("verb", cli.VERBS)
def test_no_verbs_help_loads_numpy_or_a_runtime(verb: str) -> None:
    code = f"import device.cli\ntry:\n    device.cli.main(['{verb}', '--help'])\n"
    loaded = modules_after(code + "except SystemExit:\n    pass")
    assert not loaded & {"numpy", "PIL", "tflite_runtime", "ai_edge_litert"}


def test_the_general_help_names_every_verb_and_every_exit_status() -> None:
    said = passerby("--help").stdout
    for verb in cli.VERBS:
        assert f"\n    {verb} " in said
    family = [errors.PasserbyError]
    for kind in family:
        family.extend(kind.__subclasses__())
    for kind in family[1:]:
        if kind.exit_status and kind.__module__.startswith("device."):
            assert f"{kind.exit_status}  {kind.code}" in said, kind


def test_no_verb_prints_the_help() -> None:
    done = passerby()
    assert done.returncode == 0
    assert "verbs:" in done.stdout


def test_version() -> None:
    assert passerby("--version").stdout == f"passerby {__version__}\n"


def test_an_unknown_verb_is_a_usage_error() -> None:
    done = passerby("calssify")
    assert done.returncode == errors.EXIT_USAGE
    assert "invalid choice: 'calssify'" in done.stderr
    assert done.stdout == ""


def test_a_file_named_like_a_verb_is_no_verb(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_text("[camera]\nloop = true\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "device", "--settings", "run", "config", "show", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert json.loads(done.stdout)["settings"]["camera"]["loop"] is True


@pytest.mark.parametrize("before", [True, False])
def test_settings_may_stand_before_or_after_the_verb(tmp_path: Path, before: bool) -> None:
    path = tmp_path / "faulty.toml"
    path.write_text("[camera]\nloop = 1\n[models]\nthreads = 0\nfoo = 1\n", encoding="utf-8")
    option = ("--settings", str(path))
    done = passerby(*option, "config", "check") if before else passerby("config", "check", *option)
    assert done.returncode == errors.SettingsError.exit_status
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"passerby: configuration: {path}: camera.loop is 1, expected true or false",
        f"passerby: configuration: {path}: models.threads is 0, expected a whole number"
        " from 1 to 16",
        f"passerby: configuration: {path}: models.foo is no key; known here: directory, detector,"
        " classifier, threads, runtime",
    ]


def test_programs_get_the_error_as_json(tmp_path: Path) -> None:
    done = passerby("--settings", str(tmp_path / "none"), "config", "check", "--json")
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "configuration"
    assert error["exit_status"] == done.returncode == 30
    assert error["message"] in done.stderr


def test_debug_shows_a_traceback_and_nothing_else_does(tmp_path: Path) -> None:
    words = ("--settings", str(tmp_path / "none"), "config", "check")
    assert "Traceback" not in passerby(*words).stderr
    assert "Traceback" in passerby(*words, PASSERBY_DEBUG="1").stderr
    assert "Traceback" not in passerby(*words, PASSERBY_DEBUG="0").stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "device", "config", "sample"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 141


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (errors.CameraError("gone"), 10, "passerby: camera: gone\n"),
        (errors.CheckFailedError("two things"), 70, "passerby: check-failed: two things\n"),
        (KeyboardInterrupt(), 130, ""),
        (ZeroDivisionError("by zero"), 1, "passerby: unexpected: ZeroDivisionError: by zero"),
    ],
)
def test_whatever_a_verb_raises_becomes_a_sentence_and_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    status: int,
    said: str,
) -> None:
    def run(_: argparse.Namespace) -> int:
        raise raised

    verb = types.SimpleNamespace(
        __name__="device.verbs.status", HELP="", add_arguments=lambda _: None, run=run
    )
    monkeypatch.setitem(sys.modules, "device.verbs.status", verb)
    monkeypatch.delenv("PASSERBY_DEBUG", raising=False)
    assert cli.main(["status"]) == status
    assert capsys.readouterr().err.startswith(said)
