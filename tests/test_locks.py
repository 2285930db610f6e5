# SPDX-License-Identifier: Apache-2.0
"""Locks hold others off and name their holder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from device.errors import BusyError, ControlError
from device.locks import Lock, holder

HOLD = """
import sys, time
from pathlib import Path
from device.locks import Lock
with Lock(Path(sys.argv[1]), subject="it", create=True):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_learns_who_is_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"the run is held by process {other.pid}") as caught:
            Lock(path, subject="the run", create=True).__enter__()
        assert caught.value.exit_status == 40
        other.send_signal(signal.SIGKILL)
        other.wait()
    with Lock(path, subject="the run", create=True):
        pass


def test_a_folder_can_be_locked_and_is_free_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with (
            Lock(tmp_path, subject="the folder", create=False),
            pytest.raises(BusyError, match="the folder"),
        ):
            Lock(tmp_path, subject="the folder", create=False).__enter__()


def test_a_failed_attempt_leaves_no_descriptor_behind(tmp_path: Path) -> None:
    with Lock(tmp_path, subject="it", create=False):
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            with pytest.raises(BusyError):
                Lock(tmp_path, subject="it", create=False).__enter__()
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_is_not_locked_has_no_holder(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert holder(descriptor) is None
    finally:
        os.close(descriptor)


def test_a_lock_file_is_private_to_user_and_group(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with Lock(path, subject="it", create=True):
        assert path.stat().st_mode & 0o007 == 0


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot be opened"):
        Lock(tmp_path / "missing" / "lock", subject="it", create=True).__enter__()
