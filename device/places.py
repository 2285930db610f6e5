# SPDX-License-Identifier: Apache-2.0
"""Where things are kept when the settings do not say."""

import os
import sys
from pathlib import Path


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
    system = Path("/run/passerby")
    if os.geteuid() == 0 or os.access(system, os.X_OK):
        return system
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    if own:
        return Path(own) / "passerby"
    return Path(os.environ.get("TMPDIR", "/tmp")) / f"passerby-{os.geteuid()}"  # noqa: S108 opened 0700, and per user


def shipped_models() -> Path:
    """`models/` of the checkout, beside the virtual environment, or of the installation."""
    prefix = Path(sys.prefix)
    checkout = Path(__file__).resolve().parent.parent / "models"
    places = (checkout, prefix.parent / "models", prefix / "share" / "passerby" / "models")
    return next((place for place in places if place.is_dir()), checkout)
