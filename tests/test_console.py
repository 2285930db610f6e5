# SPDX-License-Identifier: Apache-2.0
"""The console: silenced and given back, by a terminal's own calls or the next best thing.

No virtual terminal is at hand in a test, so the kernel's answers are stood in for; a pseudo
terminal shows what is done where the calls are refused.
"""

import errno
import fcntl
import logging
import os
import pty
from pathlib import Path

import pytest

from device.displays.console import KD_GRAPHICS, KD_TEXT, KDGETMODE, KDSETMODE, QuietConsole


class Terminal:
    """Answers the two calls as a virtual terminal does."""

    def __init__(self, mode: int = KD_TEXT) -> None:
        self.mode = mode

    def ioctl(self, handle: int, request: int, argument: bytes | int) -> bytes | int:
        os.fstat(handle)  # an open one
        if request == KDGETMODE:
            return self.mode.to_bytes(4, "little")
        assert request == KDSETMODE
        assert isinstance(argument, int)
        self.mode = argument
        return 0


@pytest.fixture
def tty(tmp_path: Path) -> Path:
    path = tmp_path / "tty"
    path.touch()
    return path


@pytest.mark.parametrize("before", [KD_TEXT, KD_GRAPHICS])
def test_goes_into_graphics_mode_and_back(
    tty: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    terminal = Terminal(before)
    monkeypatch.setattr(fcntl, "ioctl", terminal.ioctl)
    with QuietConsole(tty):
        assert terminal.mode == KD_GRAPHICS
    assert terminal.mode == before


def test_is_given_back_after_an_error_too(tty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(fcntl, "ioctl", terminal.ioctl)
    with pytest.raises(RuntimeError), QuietConsole(tty):
        raise RuntimeError
    assert terminal.mode == KD_TEXT


def test_hides_the_cursor_where_the_mode_is_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(handle: int, request: int, argument: object) -> int:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    master, slave = pty.openpty()
    try:
        with QuietConsole(Path(os.ttyname(slave))):
            assert os.read(master, 100) == b"\x1b[?25l"
        assert os.read(master, 100) == b"\x1b[?25h"
    finally:
        os.close(master)
        os.close(slave)
    assert "Operation not permitted" in caplog.text


def test_a_pseudo_terminal_really_refuses() -> None:
    master, slave = pty.openpty()
    with QuietConsole(Path(os.ttyname(slave))):
        assert os.read(master, 100) == b"\x1b[?25l"
    os.close(master)
    os.close(slave)


def test_a_terminal_that_is_not_there_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), QuietConsole(tmp_path / "tty9"):
        pass
    assert "text may show through" in caplog.text


def test_none_is_left_alone() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with QuietConsole(None):
        assert len(list(Path("/proc/self/fd").iterdir())) == before
