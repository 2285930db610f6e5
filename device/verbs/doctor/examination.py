# SPDX-License-Identifier: Apache-2.0
"""Reads this machine and hands what it finds to the judges; changes nothing, takes no picture."""

import contextlib
import grp
import os
import platform
import pwd
import shutil
import struct
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from device import settings
from device.board import Board
from device.clock import SystemClock
from device.errors import StoreError
from device.interpreter import installed_runtimes, runtime_version
from device.verbs.doctor import numpys, symptoms, vcgencmd
from device.verbs.doctor.symptoms import Symptom

if TYPE_CHECKING:
    from device.verbs.check.checkup import Finding

_SERVICE = "passerby"
_SYSTEM_PACKAGES = ("/usr/lib/python3/dist-packages",)
# Codecs and image processors are video devices, too, and no cameras.
_NO_CAMERAS = ("codec", "isp", "hevc", "rpivid", "pispbe")
_LONGEST_REASON = 160
# What importing raises where compiled parts were built for another numpy, or parts are missing.
_BROKEN = (ImportError, AttributeError, OSError, RuntimeError, SystemError, TypeError, ValueError)


def examine(path: Path | None, *, root: Path) -> Iterator[Symptom]:
    """All findings: the machine's first, then the installation's.

    Args:
        path: the settings file, None for the one that applies.
        root: where /proc and /sys are.
    """
    chosen, _ = settings.read(path)
    board = Board(root)
    runtimes = tuple(f"{name} {runtime_version(name)}" for name in installed_runtimes())
    yield symptoms.board(board.model, platform.machine())
    yield symptoms.word_size(8 * struct.calcsize("P"))
    yield symptoms.python((sys.version_info.major, sys.version_info.minor), runtimes)
    yield _numpy(runtimes)
    yield _groups()
    total, free = board.mebibytes("CmaTotal"), board.mebibytes("CmaFree")
    yield symptoms.camera_memory(total, free, is_pi=board.model is not None)
    yield symptoms.memory_cgroup(board.read("sys/fs/cgroup/cgroup.controllers"))
    yield _supply(board)
    yield symptoms.heat(board.celsius)
    yield symptoms.clock(SystemClock().stamp().clock_synchronised)
    yield _room(chosen.state_directory, wanted=chosen.store.max_bytes)
    yield symptoms.cameras(camera_names(root), source=chosen.camera.source)
    yield from _checks(path)


def _supply(board: Board) -> Symptom:
    """The firmware's own memory where it answers, else the kernel's few seconds."""
    told = vcgencmd.throttling()
    if told is not None:
        return symptoms.supply(told, since="since boot")
    return symptoms.supply(board.throttling, since="in the last seconds")


def _checks(path: Path | None) -> Iterator[Symptom]:
    """All that `passerby check` finds; none of it can be looked at where numpy does not load."""
    try:
        from device.verbs.check.checkup import check_everything  # noqa: PLC0415  loads numpy
    except _BROKEN as error:
        yield numpys.no_checks(_said(error))
        return
    for finding in check_everything(path):
        yield Symptom(finding.subject, _verdict(finding), finding.message)


def _said(error: BaseException) -> str:
    """What began it, in one line: numpy wraps it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    words = " ".join(str(error).rpartition("Original error was:")[2].split())
    return f"{type(error).__name__}: {words[:_LONGEST_REASON] or 'no reason given'}"


def _verdict(finding: "Finding") -> symptoms.Verdict:
    """What a person may not write is no fault where the daemon's user may."""
    if finding.ok:
        return "ok"
    return "advice" if finding.code == StoreError.code and _is_guest() else "FAULT"


def _is_guest() -> bool:
    """Whether Passerby is installed here as a service of another user than the present one."""
    try:
        return os.geteuid() not in (0, pwd.getpwnam(_SERVICE).pw_uid)
    except KeyError:
        return False


def camera_names(root: Path) -> list[str]:
    """What the kernel calls its cameras, each once."""
    paths = sorted((root / "sys/class/video4linux").glob("video*/name"))
    names = dict.fromkeys(
        path.read_text(encoding="utf-8", errors="replace").strip() for path in paths
    )
    return [name for name in names if not any(word in name.lower() for word in _NO_CAMERAS)]


def _numpy(runtimes: tuple[str, ...]) -> Symptom:
    """The numpy that is found here, loaded to see whether it does load."""
    own = sys.prefix if sys.prefix != sys.base_prefix else None
    system = [
        each.version for each in distributions(path=list(_SYSTEM_PACKAGES)) if each.name == "numpy"
    ]
    place = numpys.Place(_numpy_folder(), own, system[0] if system else None)
    try:
        import numpy as np  # noqa: PLC0415  a numpy that does not load must not keep the rest untold

        version = np.__version__
    except _BROKEN as error:
        return numpys.broken(_said(error), place)
    picamera2 = find_spec("picamera2") is not None
    return numpys.loaded(version, place, runtimes=runtimes, picamera2=picamera2)


def _numpy_folder() -> str | None:
    """Where the numpy lies that importing finds; does not import it."""
    spec = find_spec("numpy")
    found = spec.submodule_search_locations if spec else None
    return str(Path(next(iter(found))).parent) if found else None


def _groups() -> Symptom:
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    try:
        numbers = os.getgrouplist(_SERVICE, pwd.getpwnam(_SERVICE).pw_gid)
    except KeyError:
        return symptoms.groups(user, (), None)
    return symptoms.groups(user, _group_names(os.getgroups()), _group_names(numbers))


def _group_names(numbers: Iterable[int]) -> set[str]:
    """Groups without a name, as containers have them, are passed over."""
    names = set()
    for number in numbers:
        with contextlib.suppress(KeyError):
            names.add(grp.getgrgid(number).gr_name)
    return names


def _room(path: Path, *, wanted: int) -> Symptom:
    existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    return symptoms.room(str(existing), shutil.disk_usage(existing).free, wanted=wanted)
