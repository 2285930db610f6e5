# SPDX-License-Identifier: Apache-2.0
"""Judges of the numpy that is found: whether it loads, suits its neighbours, and what cures it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from device.verbs.doctor.symptoms import Symptom


@dataclass(frozen=True, slots=True)
class Place:
    """Where a numpy comes from.

    Attributes:
        folder: what it lies in, None where there is none.
        environment: the virtual environment that runs, None outside of one.
        system_version: that of Debian's own numpy, for which picamera2 was built; None without it.
    """

    folder: str | None
    environment: str | None
    system_version: str | None


def loaded(version: str, place: Place, *, runtimes: Sequence[str], picamera2: bool) -> Symptom:
    """Whether runtime and picamera2 were built for the numpy that is loaded."""
    if runtimes and all("tflite" in name for name in runtimes) and not version.startswith("1."):
        return Symptom(
            "numpy",
            "FAULT",
            f"numpy {version} is loaded from {place.folder} and tflite-runtime needs 1.x: "
            "pip install 'numpy<2', or use ai-edge-litert",
        )
    system = place.system_version
    shadowed = system is not None and system.partition(".")[0] != version.partition(".")[0]
    if picamera2 and shadowed:
        return Symptom(
            "numpy",
            "FAULT",
            f"numpy {version} in {place.folder} hides the system's {system}, for which picamera2 "
            f"was built: {_cure(place)}",
        )
    return Symptom("numpy", "ok", version + (", with picamera2" if picamera2 else ""))


def broken(reason: str, place: Place) -> Symptom:
    """A numpy that importing refuses, and the way to one that loads."""
    if place.folder is None:
        words = "there is no numpy, expected 1.24 or later: run scripts/install again, or pip "
        return Symptom("numpy", "FAULT", words + "install numpy")
    return Symptom(
        "numpy",
        "FAULT",
        f"the numpy in {place.folder} does not load ({reason}), expected one built for this "
        f"Python: {_cure(place)}",
    )


def _cure(place: Place) -> str:
    """How to be rid of a numpy, or to mend it where no other would take its place."""
    folder = PurePath(place.folder or "/")
    if place.environment is not None and folder.is_relative_to(place.environment):
        words = "uninstall" if place.system_version else "install --force-reinstall"
        sudo = "sudo " if folder.is_relative_to("/opt") else ""
        return f"{sudo}{place.environment}/bin/python -m pip {words} numpy"
    if folder.is_relative_to("/usr/lib"):
        return "sudo apt install --reinstall python3-numpy"
    if folder.is_relative_to("/usr/local"):
        return "sudo pip uninstall --break-system-packages numpy"
    if ".local" in folder.parts:
        return "/usr/bin/python3 -m pip uninstall --break-system-packages numpy"
    return "take it away from there, or that folder out of PYTHONPATH"


def no_checks(reason: str) -> Symptom:
    """That the rest could not be looked at; what hinders it is told of by itself."""
    return Symptom(
        "checks",
        "FAULT",
        f"bundles, camera and store were not looked at ({reason}), expected what they need to "
        "load: put numpy right, see above, and run passerby doctor again",
    )
