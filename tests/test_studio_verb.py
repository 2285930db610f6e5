# SPDX-License-Identifier: Apache-2.0
"""`training studio`: where it answers, what it needs, and what its process never loads."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from device.errors import RuntimeMissingError
from training.cli import main
from training.verbs import studio

ROOT = Path(__file__).parent.parent
EVERY_MODULE = """
import importlib, pkgutil, sys
import training.studio
for module in pkgutil.walk_packages(training.studio.__path__, "training.studio."):
    importlib.import_module(module.name)
heavy = {"tensorflow", "tf_keras", "ai_edge_litert", "tflite_runtime"} & set(sys.modules)
sys.exit(f"loaded: {heavy}" if heavy else 0)
"""


def test_the_page_s_modules_load_no_tensorflow() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EVERY_MODULE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = studio.free_port(0)
        taken.bind((studio.HOST, port))
        taken.listen()
        assert studio.free_port(port) != port


def test_without_streamlit_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["studio", "--home", str(tmp_path)]) == RuntimeMissingError.exit_status
    assert "pip install 'passerby[studio]'" in capsys.readouterr().err


def test_its_folder_lies_beside_the_device_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "passerby"))
    assert studio.default_folder() == tmp_path / "passerby-studio"
