# SPDX-License-Identifier: Apache-2.0
"""Where things are kept when the settings do not say, and where those are."""

import os
import sys
from pathlib import Path

_SYSTEM_RUN = Path("/run/passerby")


def default_state_directory() -> Path:
    """The choice of systemd, else /var/lib/passerby if writable, else the user's own."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    system = Path("/var/lib/passerby")
    if os.geteuid() == 0 or os.access(system, os.W_OK):
        return system
    home = os.environ.get("XDG_STATE_HOME", "")
    return (Path(home) if home else Path.home() / ".local" / "state") / "passerby"


def default_run_directory() -> Path:
    """The choice of systemd, else /run/passerby for who may enter it, else a private directory.

    A user who may enter /run/passerby finds the system's daemon there.
    """
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    if os.geteuid() == 0 or os.access(_SYSTEM_RUN, os.X_OK):
        return _SYSTEM_RUN
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    if own:
        return Path(own) / "passerby"
    return Path(os.environ.get("TMPDIR", "/tmp")) / f"passerby-{os.geteuid()}"  # noqa: S108 opened 0700, and per user


def _asked_run_directory() -> Path:
    """Where a client asks: `default_run_directory`, but for a system's daemon that is shut to it.

    Whoever may not enter /run/passerby is to hear so, not that no daemon runs; only where a daemon
    of their own has been started is that one meant.
    """
    chosen = default_run_directory()
    shut = _SYSTEM_RUN.is_dir() and not os.access(_SYSTEM_RUN, os.X_OK)
    if not shut or os.environ.get("RUNTIME_DIRECTORY") or any(chosen.glob("*.sock")):
        return chosen
    return _SYSTEM_RUN


def find_settings(path: Path | None = None) -> Path | None:
    """The file that applies: `path`, $PASSERBY_SETTINGS, the system's, the user's, or none."""
    if path is not None:
        return path
    named = os.environ.get("PASSERBY_SETTINGS", "")
    if named:
        return Path(named)
    own = os.environ.get("XDG_CONFIG_HOME", "")
    home = Path(own) if own else Path("~/.config").expanduser()
    places = (Path("/etc/passerby/passerby.toml"), home / "passerby" / "passerby.toml")
    return next((place for place in places if place.is_file()), None)


def run_directory(path: Path | None = None) -> Path | None:
    """The run directory that a client asks in, by the settings that apply.

    They are read for it alone: a client is in a hurry.

    None where they must be read in full, to say what is wrong with them.
    """
    import tomllib  # noqa: PLC0415  nobody else here needs it

    found = find_settings(path)
    if found is None:
        return _asked_run_directory()
    try:
        named = tomllib.loads(found.read_text(encoding="utf-8")).get("run_directory")
        if named is None:
            return _asked_run_directory()
        return found.resolve().parent / Path(named).expanduser() if named else None
    except (OSError, ValueError, TypeError, RuntimeError):
        return None


def shipped_models() -> Path:
    """`models/` of the checkout, beside the virtual environment, or of the installation."""
    prefix = Path(sys.prefix)
    checkout = Path(__file__).resolve().parent.parent / "models"
    places = (checkout, prefix.parent / "models", prefix / "share" / "passerby" / "models")
    return next((place for place in places if place.is_dir()), checkout)
