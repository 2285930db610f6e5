# SPDX-License-Identifier: Apache-2.0
"""PasserbyError and its family: one stable code and one exit status each.

A message says what was seen, what was expected and what to do, in one sentence. Only the command
line and the daemon's boundary turn an error into text; everybody else lets it pass.

Exit statuses that are results, not errors: 0 a face was seen, 3 no face, 4 unsure.
"""

from typing import ClassVar

EXIT_OK = 0
EXIT_UNEXPECTED = 1
EXIT_USAGE = 2
EXIT_NO_FACE = 3
EXIT_UNSURE = 4


class PasserbyError(Exception):
    """The root of every error that Passerby raises on purpose."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = EXIT_UNEXPECTED


class CameraError(PasserbyError, OSError):
    """The camera is missing, unreadable or went away."""

    code = "camera"
    exit_status = 10


class CameraStalledError(CameraError, TimeoutError):
    """The camera is there but delivered no frame in time."""

    code = "camera-stalled"
    exit_status = 11


class CameraBlackError(CameraError):
    """The camera delivers frames, but nothing except black."""

    code = "camera-black"
    exit_status = 12


class CameraEndedError(CameraError, EOFError):
    """A camera with an end (replay, once) has shown its last frame: the orderly end of a run."""

    code = "camera-ended"
    exit_status = EXIT_OK


class BundleError(PasserbyError, ValueError):
    """A model bundle is missing, damaged, of an unknown format or does not fit its model."""

    code = "bundle"
    exit_status = 20


class RuntimeMissingError(PasserbyError, ImportError):
    """No TFLite runtime can be loaded."""

    code = "runtime"
    exit_status = 21


class SettingsError(PasserbyError, ValueError):
    """The settings have faults; `faults` holds one sentence per key path, all of them at once."""

    code = "configuration"
    exit_status = 30

    def __init__(self, faults: "tuple[str, ...]") -> None:
        """Keep every fault and join them into the message."""
        self.faults = faults
        super().__init__("\n".join(faults))


class BusyError(PasserbyError, BlockingIOError):
    """Another process holds the camera or the state directory; the message says which."""

    code = "busy"
    exit_status = 40


class StoreError(PasserbyError, OSError):
    """The store of visits cannot be opened, read or written."""

    code = "store"
    exit_status = 50


class ControlError(PasserbyError, ConnectionError):
    """The daemon could not be reached over its socket, or answered something else than a reply."""

    code = "control"
    exit_status = 60


class NotRunningError(ControlError):
    """No daemon listens on the control socket."""

    code = "not-running"
    exit_status = 61


class DisplayError(PasserbyError, OSError):
    """The screen is missing, cannot be used, or went away."""

    code = "display"
    exit_status = 55


class InputError(PasserbyError, ValueError):
    """Something that a person handed over (picture, ZIP, folder, dataset) cannot be used."""

    code = "input"
    exit_status = 65


class DatasetError(InputError):
    """A labelled dataset is malformed or hostile as a whole."""

    code = "dataset"
    exit_status = 66


class TrainingError(PasserbyError, ArithmeticError):
    """A training run cannot go on as it is: its loss is no number, or a worker went away."""

    code = "training"
    exit_status = 67


class StoppedError(PasserbyError):
    """A training run was asked to stop, has saved all that it needs to go on, and ends."""

    code = "stopped"
    exit_status = 143


class CheckFailedError(PasserbyError):
    """`passerby check` found something wrong; the report has been printed."""

    code = "check-failed"
    exit_status = 70


class RefusedError(PasserbyError, PermissionError):
    """An SSH key that is bound to captures was used to ask for something else."""

    code = "refused"
    exit_status = 77


class MemoryCeilingError(PasserbyError, MemoryError):
    """The daemon grew beyond its ceiling and ends in good order, to be started anew."""

    code = "memory"
    exit_status = 80


_OF_CAMERAS: dict[str, type[CameraError | BusyError]] = {
    kind.code: kind for kind in (CameraError, CameraStalledError, CameraBlackError, BusyError)
}


def camera_fault(code: str, message: str) -> CameraError | BusyError | None:
    """The error that says why there is no picture, from its stable code; None for other codes."""
    kind = _OF_CAMERAS.get(code)
    return kind(message) if kind else None
