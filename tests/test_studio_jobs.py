# SPDX-License-Identifier: Apache-2.0
"""Jobs: real processes that outlive whoever started them, told apart by a lock."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.errors import BusyError
from training.studio.jobs import Amount, Job

PATIENCE_SECONDS = 60.0


def wait(job: Job) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while job.alive():
        assert time.monotonic() < deadline, job.log()
        time.sleep(0.05)
    return job.state


def test_a_job_that_ends_well(tmp_path: Path, faces_directory: Path) -> None:
    job = Job(tmp_path / "job")
    assert (job.state, job.pid, job.commands, job.began) == ("none", None, (), 0.0)
    job.start(("inspect", str(faces_directory), "--json"))
    assert wait(job) == "done"
    assert job.exit_status == 0
    assert job.output().startswith("{")
    assert job.amount() == Amount("reading", 154, 154)
    assert job.commands == (("inspect", str(faces_directory), "--json"),)
    assert (job.fault(), job.pid) == ("", None)


def test_the_first_failure_ends_it_and_is_told_in_a_sentence(tmp_path: Path) -> None:
    job = Job(tmp_path / "job")
    job.start(("inspect", str(tmp_path / "nothing.zip")), ("inspect", "never reached"))
    assert wait(job) == "failed"
    assert job.exit_status == 65
    assert job.fault() == (
        f"{tmp_path}/nothing.zip does not exist: give a picture, a folder or a ZIP"
    )
    assert "never reached" not in job.log()


def busy(job: Job, faces_directory: Path) -> None:
    """Start work for long enough: the same pictures, many times."""
    job.start(*[("inspect", str(faces_directory))] * 1000)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while job.amount() is None:
        assert time.monotonic() < deadline, job.log()
        time.sleep(0.02)


def test_it_stops_when_asked_and_can_be_started_again(
    tmp_path: Path, faces_directory: Path
) -> None:
    job = Job(tmp_path / "job")
    busy(job, faces_directory)
    assert (job.state, job.stopping) == ("running", False)
    with pytest.raises(BusyError, match="job is at work already; stop it first, or wait"):
        job.start(("inspect", str(faces_directory)))
    job.stop()
    assert wait(job) == "stopped"
    assert not job.stopping
    job.start(("inspect", str(faces_directory)))
    assert wait(job) == "done"


def test_another_process_finds_it_and_a_killed_one_is_lost(
    tmp_path: Path, faces_directory: Path
) -> None:
    """A page that is killed leaves its job alone; whoever looks next sees the same."""
    code = (
        "import sys; from pathlib import Path; from training.studio.jobs import Job\n"
        "Job(Path(sys.argv[1])).start(*[('inspect', sys.argv[2])] * 1000)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "job"), str(faces_directory)]
    subprocess.run(command, check=True, timeout=PATIENCE_SECONDS)
    job = Job(tmp_path / "job")
    assert job.state == "running"
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    assert wait(job) == "lost"
    assert "killed" in job.fault()


def test_a_process_id_that_came_round_again_is_nobody_s(tmp_path: Path) -> None:
    """The lock says who lives: this test's own process is no job, whatever job.json says."""
    job = Job(tmp_path)
    (tmp_path / "job.json").write_text(f'{{"pid":{os.getpid()},"began":1.0,"commands":[]}}')
    assert (job.state, job.pid) == ("lost", None)
    job.stop()  # would end this test
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert (job.state, job.pid) == ("running", os.getpid())
