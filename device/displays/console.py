# SPDX-License-Identifier: Apache-2.0
"""Keeps the text console off the screen: cursor, kernel messages and getty stay out of sight.

KDSETMODE (console_ioctl(2)) tells the kernel that somebody draws. It asks for the terminal to be
our own controlling one, as `TTYPath=` of a systemd unit makes it, or for CAP_SYS_TTY_CONFIG. Where
it is refused, the cursor is hidden by an escape sequence. A terminal that cannot be had at all
costs a warning, not the picture.
"""

import fcntl
import logging
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

KDSETMODE = 0x4B3A
KDGETMODE = 0x4B3B
KD_TEXT = 0
KD_GRAPHICS = 1
_HIDE_CURSOR = b"\x1b[?25l"
_SHOW_CURSOR = b"\x1b[?25h"


class QuietConsole:
    """A terminal in graphics mode, given back as it was.

    Args:
        path: the terminal, such as /dev/tty1; None leaves every terminal alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._tty: int | None = None
        self._mode: int | None = None

    def __enter__(self) -> Self:
        """Silence it."""
        if self._path is None:
            return self
        try:
            self._tty = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            log.warning(
                "the console %s cannot be opened (%s): text may show through the picture",
                self._path,
                error.strerror,
            )
            return self
        self._silence(self._tty)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back; the kernel repaints its text."""
        if self._tty is None:
            return
        try:
            if self._mode is None:
                os.write(self._tty, _SHOW_CURSOR)
            else:
                fcntl.ioctl(self._tty, KDSETMODE, self._mode)
        except OSError as failed:
            log.warning("the console %s cannot be given back (%s)", self._path, failed.strerror)
        os.close(self._tty)
        self._tty = self._mode = None

    def _silence(self, tty: int) -> None:
        try:
            answer = fcntl.ioctl(tty, KDGETMODE, bytes(4))
            fcntl.ioctl(tty, KDSETMODE, KD_GRAPHICS)
            self._mode = struct.unpack("=i", answer)[0]
        except OSError as error:
            log.warning(
                "the console %s keeps its text mode (%s): its cursor alone is hidden",
                self._path,
                error.strerror,
            )
            os.write(tty, _HIDE_CURSOR)
