# SPDX-License-Identifier: Apache-2.0
"""What the page Ship does: export a run, check the bundle as the device would, pack it."""

import contextlib
import hashlib
import io
import json
import shlex
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.errors import InputError
from device.places import shipped_models
from training.datasets import open_dataset
from training.studio.home import Home, StoredRun
from training.studio.jobs import Job
from training.studio.judging import bundle_folder

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
GOLDEN: Final = CHECKOUT / "tests" / "data" / "faces"
DETECTOR: Final = "blazeface-short"
VERSION: Final = "1"
LICENCE: Final = "not stated"
_CHECK_SECONDS: Final = 120
# What `training export` says while it works, besides one line for each test set.
_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks of an export.

    Attributes:
        version: of the bundle.
        licence: of the training pictures.
        tests: labelled pictures that were not trained on; ZIPs or folders.
    """

    version: str = VERSION
    licence: str = LICENCE
    tests: tuple[Path, ...] = ()


def export_job(home: Home, run: StoredRun) -> Job:
    """The job that exports a run."""
    return home.job(f"export-{run.name}")


def export_words(home: Home, run: StoredRun, order: Order) -> tuple[str, ...]:
    """The command of `python -m training` that exports a run."""
    words = ["export", str(run.folder), "--out", str(bundle_folder(home, run))]
    words += ["--version", order.version.strip() or VERSION]
    words += ["--licence", order.licence.strip() or LICENCE]
    words += ["--golden", str(GOLDEN), "--detector", str(shipped_models() / DETECTOR)]
    for test in order.tests:
        words += ["--test", str(test)]
    return tuple(words)


def steps_of(job: Job) -> tuple[float, str]:
    """How far an export is, 0 to 1, and what it is doing."""
    said = [line for line in job.output().splitlines() if line]
    if not said:
        return 0.0, "loading TensorFlow and the run"
    tests = sum(line.startswith("measuring") for line in said)
    return min(0.95, len(said) / (_STEPS + tests)), said[-1]


@dataclass(frozen=True, slots=True)
class Checked:
    """What `passerby check` said of a bundle."""

    passed: bool
    lines: tuple[str, ...]


def passerby_check(bundle: Path) -> Checked:
    """Let `passerby check` open the bundle and replay its golden crops, in a process of its own.

    The camera is the fake one and the store is off, for those are another machine's.
    """
    with tempfile.TemporaryDirectory() as scratch:
        models = Path(scratch) / "models"
        models.mkdir()
        (models / bundle.name).symlink_to(bundle)
        if bundle.name != DETECTOR:
            (models / DETECTOR).symlink_to(shipped_models() / DETECTOR)
        settings = Path(scratch) / "passerby.toml"
        settings.write_text(
            f"state_directory = {json.dumps(scratch)}\nrun_directory = {json.dumps(scratch)}\n"
            f'[camera]\nsource = "fake"\n[store]\nenabled = false\n'
            f"[models]\ndirectory = {json.dumps(str(models))}\n"
            f"classifier = {json.dumps(bundle.name)}\n"
        )
        command = [sys.executable, "-m", "device", "--settings", str(settings), "check"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Checked(False, (f"it did not end within {_CHECK_SECONDS} s; try again",))
    if done.returncode:
        return Checked(False, tuple((done.stdout + done.stderr).splitlines()))
    words = (f"bundle {bundle.name}:", "all is right")
    lines = (line for line in done.stdout.splitlines() if any(word in line for word in words))
    return Checked(True, tuple(lines))


def packed(bundle: Path) -> bytes:
    """The bundle as a ZIP that unpacks to a folder of its name."""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(p for p in bundle.rglob("*") if p.is_file()):
                archive.write(path, Path(bundle.name) / path.relative_to(bundle))
        return file.getvalue()


def deploy_command(bundle: Path, host: str) -> str:
    """The command that puts a bundle on a Pi and lets its settings name it.

    Args:
        bundle: the exported folder.
        host: what ssh calls the Pi.

    Raises:
        InputError: the host is none that ssh could be given.
    """
    if not host or host.startswith("-") or any(c.isspace() for c in host):
        raise InputError(
            f"{host!r} is no name of a machine, expected one such as pi@raspberrypi.local"
        )
    script = shlex.quote(str(CHECKOUT / "scripts" / "deploy"))
    return f"{script} {shlex.quote(host)} --bundle {shlex.quote(str(bundle))}"


def digests(path: Path) -> list[str]:
    """SHA-256 of every labelled picture at `path` that can be read.

    Raises:
        InputError: there are no labelled pictures.
    """
    found = []
    with open_dataset(path) as dataset:
        for sample in dataset.samples:
            with contextlib.suppress(InputError):
                found.append(hashlib.sha256(dataset.read(sample)).hexdigest())
    return found
