# SPDX-License-Identifier: Apache-2.0
"""SHA-256 without OpenSSL."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from device import digest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("size", [0, 1, 63, 64, 1 << 20, (1 << 20) + 7])
def test_is_the_same_as_openssls(tmp_path: Path, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    path = tmp_path / "file"
    path.write_bytes(data)
    assert digest.sha256(path) == hashlib.sha256(data).hexdigest()


def test_works_where_neither_name_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "_PLACES", ("no_such_module", "hashlib"))
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert digest.sha256(path) == hashlib.sha256(b"abc").hexdigest()


def test_the_daemon_itself_loads_no_openssl() -> None:
    """4.3 MB of its memory; numpy 1 loads OpenSSL by itself, numpy 2 does not."""
    code = """
import sys
import numpy
already = "_hashlib" in sys.modules
import device.app, device.interpreter
sys.exit("_hashlib" in sys.modules and not already)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
