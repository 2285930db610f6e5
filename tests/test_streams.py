# SPDX-License-Identifier: Apache-2.0
"""Standard streams that are closed, full, of another encoding: a sentence at most, no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from device.errors import EXIT_OK, EXIT_UNEXPECTED

PASSERBY = (sys.executable, "-m", "device")
ROOT = Path(__file__).parent.parent


def through_shell(redirected: str, *words: str | bytes, **more: str) -> tuple[int, bytes, bytes]:
    """Status, output and error of `passerby words` with a redirection of the shell's."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *PASSERBY, *words],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", **more},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(redirected: str) -> None:
    status, said, complained = through_shell(redirected, "config", "sample")
    assert (status, complained) == (EXIT_OK, b"")
    assert bool(said) == (">&-" not in redirected.replace("2>&-", ""))


def test_errors_do_not_land_in_the_output_when_there_is_no_place_for_them() -> None:
    status, said, _ = through_shell("2>&-", "config", "check", "--settings", "/none", "--json")
    assert status == json.loads(said)["error"]["exit_status"] == 30


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told_in_a_sentence(unbuffered: str) -> None:
    words = ("config", "check", "--settings", "/none", "--json")
    status, _, complained = through_shell(">/dev/full", *words, PYTHONUNBUFFERED=unbuffered)
    assert status == EXIT_UNEXPECTED
    last = complained.decode().splitlines()[-1]
    assert last.startswith("passerby: output: standard output cannot be written (No space left")
    assert b"Traceback" not in complained
    assert b"Exception ignored" not in complained


@pytest.mark.parametrize("name", ["gesicht ü 人.jpg".encode(), b"raw \xff\xfe.jpg"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_every_file_name_can_be_told(
    tmp_path: Path, models_directory: Path, name: bytes, encoding: str
) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    words = ("classify", "--json", "--models", str(models_directory), path)
    _, said, complained = through_shell("", *words, PYTHONIOENCODING=encoding)
    assert os.fsencode(json.loads(said.decode("utf-8"))["file"]) == path, complained
