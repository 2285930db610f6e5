# SPDX-License-Identifier: Apache-2.0
"""Asks the Pi's firmware itself, which remembers since boot; the kernel's files do not."""

import subprocess

from device.board import Throttling

_COMMAND = ("vcgencmd", "get_throttled")
_ANSWER = "throttled="
_SECONDS = 5.0


def throttling(*, seconds: float = _SECONDS) -> Throttling | None:
    """Now, and since boot; None without vcgencmd, without rights to ask, or without an answer.

    Args:
        seconds: how long to wait for the answer.
    """
    try:
        done = subprocess.run(_COMMAND, capture_output=True, timeout=seconds, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    answer = done.stdout.decode(errors="replace").strip()
    try:
        return Throttling(int(answer.removeprefix(_ANSWER), 16))
    except ValueError:
        return None
