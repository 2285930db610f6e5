# SPDX-License-Identifier: Apache-2.0
"""Real disks: a tmpfs that is full, and one that is remounted read-only, in their own namespace."""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")

# Runs where /mnt is ours alone. `visit` publishes one visit, far enough in time for any retry.
PROLOGUE = """
import errno, itertools, json, os, subprocess, sys
sys.path.insert(0, "tests")
from pathlib import Path
from visit_samples import counted, identities, make_clock, observe, pass_by, rows
from device.store.ledger_reader import read_counts
from device.store import Store

def mount(*options):
    subprocess.run(["mount", *options, "/mnt"], check=True)

clock, path, names = make_clock(), Path("/mnt/visits.db"), map(str, itertools.count())
def visit(store):
    clock.advance(1000)
    store.publish(pass_by(clock, next(names)))
    clock.advance(1000)
    store.publish(observe(clock))
    return store.state()
def open_store():
    return Store(path, max_bytes=4 << 20, batch_seconds=10, clock=clock)
"""
FULL = """
mount("-t", "tmpfs", "-o", "size=256k", "none")
said = {}
with open_store() as store:
    visit(store)
    try:
        with open("/mnt/ballast", "wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
    except OSError as error:
        said["errno"] = errno.errorcode[error.errno]
    said["full"] = [visit(store) for _ in range(100)][-1]
    Path("/mnt/ballast").unlink()
    said["after"] = visit(store)
said["rows"], said["counted"] = len(identities(path)), counted(path)
said["integrity"] = rows(path, "PRAGMA integrity_check")[0][0]
print(json.dumps(said))
"""
READ_ONLY = """
mount("-t", "tmpfs", "none")
said = {}
with open_store() as store:
    visit(store)
mount("-o", "remount,ro")
said["report"] = [count.female for count in read_counts(path)]
with open_store() as store:
    said["at boot"] = store.state()
    said["read-only"] = visit(store)
    mount("-o", "remount,rw")
    said["after"] = visit(store)
if not os.fork():
    store = open_store().__enter__()
    visit(store)
    os._exit(0)  # a power cut: the WAL stays behind
os.wait()
mount("-o", "remount,ro")
said["report of a WAL"] = sum(count.female for count in read_counts(path))
mount("-o", "remount,rw")
Path("/mnt/visits.db-shm").unlink()
mount("-o", "remount,ro")
said["report of a copy"] = sum(count.female for count in read_counts(path))
print(json.dumps(said))
"""


@functools.cache
def may_mount() -> bool:
    command = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def run(script: str) -> Any:
    if not may_mount():
        pytest.skip("this machine lets no user mount a tmpfs in a namespace of its own")
    done = subprocess.run(
        [*OWN_MOUNTS, sys.executable, "-c", PROLOGUE + script],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_full_disk_holds_nothing_up_and_all_is_written_when_there_is_room() -> None:
    said = run(FULL)
    assert said["errno"] == "ENOSPC"
    assert said["full"]["ok"] is False
    assert "full" in said["full"]["error"]
    assert said["full"]["held"] + said["full"]["written"] == 101
    assert said["after"]["ok"] is True
    assert said["rows"] == said["counted"] == 102
    assert said["integrity"] == "ok"


def test_a_read_only_disk_is_waited_for_and_can_still_be_reported() -> None:
    said = run(READ_ONLY)
    assert said["report"] == [1]
    assert said["at boot"]["ok"] is False
    assert said["read-only"]["held"] == 1
    assert (said["after"]["ok"], said["after"]["held"]) == (True, 0)
    assert said["report of a WAL"] == said["report of a copy"] == 4
