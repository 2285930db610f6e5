# SPDX-License-Identifier: Apache-2.0
"""What is built once and kept, under a name that tells what went in."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path


class NotHereError(Exception):
    """This host cannot build or run the emulated Pi; the message says why and what to do."""


def folder() -> Path:
    """$PASSERBY_EMULATE, else ~/.cache/passerby-emulate."""
    named = os.environ.get("PASSERBY_EMULATE")
    path = Path(named).resolve() if named else Path.home() / ".cache" / "passerby-emulate"
    path.mkdir(parents=True, exist_ok=True)
    return path


def key(*parts: str | Path) -> str:
    """Twelve letters of what the parts are: texts, and the contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode() + b"\0")
            continue
        files = sorted(part.rglob("*")) if part.is_dir() else [part]
        for path in files:
            if path.is_file() and path.suffix != ".pyc":
                name = path.relative_to(part) if part.is_dir() else path.name
                digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def made(name: str, made_of: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache as `make` fills it, once for each `made_of`.

    What an earlier `made_of` left there is removed: one generation is kept.
    """
    path = folder() / f"{name}-{made_of}"
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path
        for old in folder().glob(f"{name}-*"):
            shutil.rmtree(old)
        half = folder() / f"{name}-{made_of}.half"
        half.mkdir()
        make(half)
        half.rename(path)
    return path


def run(*words: str | Path, stdin: bytes | None = None) -> str:
    """Run a program of the host; what it said.

    Raises:
        NotHereError: it is not installed or failed.
    """
    try:
        done = subprocess.run(
            [str(word) for word in words], input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise NotHereError(
            f"{words[0]} is missing: run scripts/emulate, or see emulator_packages there"
        ) from error
    if done.returncode:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()[-2000:]
        raise NotHereError(f"{words[0]} failed: {said}")
    return done.stdout.decode(errors="replace")
