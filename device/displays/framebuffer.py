# SPDX-License-Identifier: Apache-2.0
"""Linux's framebuffer: the lean screen of a Pi without a desktop.

An ordinary file of a given size stands in for the device, on machines without one; it is read and
written by the same code.
"""

import fcntl
import mmap
import os
import stat
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from device.displays.console import QuietConsole
from device.displays.pixels import FIX_BYTES, VAR_BYTES, Geometry, geometry_of, packed
from device.errors import DisplayError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

FBIOGET_VSCREENINFO = 0x4600
FBIOGET_FSCREENINFO = 0x4602
# Packed so many rows at a time, a full HD screen needs 8 MB less.
_STRIP_ROWS = 64


class FramebufferSurface:
    """The memory of a screen.

    Args:
        path: the device, such as /dev/fb0, or an ordinary file.
        console: the terminal that shows on the same screen; None leaves it alone.
        geometry: of an ordinary file, which is made if it is not there; a device tells its own.
    """

    def __init__(self, path: Path, *, console: Path | None, geometry: Geometry | None) -> None:
        self._path = path
        self._console = console
        self._given = geometry
        self._held = ExitStack()
        self._geometry: Geometry | None = geometry
        self._screen: NDArray[np.uint8] | None = None

    def __enter__(self) -> Self:
        """Map the screen's memory and silence its console.

        Raises:
            DisplayError: there is no such screen, or it cannot be used.
        """
        try:
            with ExitStack() as stack:
                handle = self._open()
                stack.callback(os.close, handle)
                self._geometry = self._ask(handle)
                memory = mmap.mmap(handle, self._geometry.bytes)
                stack.callback(memory.close)
                stack.enter_context(QuietConsole(self._console))
                self._held = stack.pop_all()
        except (OSError, ValueError) as error:
            if isinstance(error, DisplayError):
                raise
            raise DisplayError(
                f"the screen {self._path} cannot be used ({error}), expected a framebuffer that "
                "can be written: see display.device, and that the user is in the group video"
            ) from error
        self._screen = self._geometry.visible(np.frombuffer(memory, np.uint8))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the screen black: what it showed last was a picture."""
        if self._screen is not None:
            self._screen[:] = 0
            self._screen = None
        self._held.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self._geometry is None:
            raise DisplayError(f"the screen {self._path} is closed: use it in `with`")
        return self._geometry.width, self._geometry.height

    def put(self, picture: "Image", at: tuple[int, int]) -> None:
        """Write a picture into the screen's memory."""
        if self._screen is None or self._geometry is None:
            return
        left = at[0] * self._geometry.pixel_bytes
        for top in range(0, picture.height, _STRIP_ROWS):
            part = (0, top, picture.width, min(top + _STRIP_ROWS, picture.height))
            rows = packed(picture.crop(part), self._geometry.pixel)
            first = at[1] + top
            self._screen[first : first + rows.shape[0], left : left + rows.shape[1]] = rows

    def present(self) -> None:
        """Nothing more to do: the memory is what the screen shows."""

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            if self._given is None:
                raise
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _ask(self, handle: int) -> Geometry:
        """The geometry that the device tells, or that an ordinary file is given."""
        if stat.S_ISREG(os.fstat(handle).st_mode):
            if self._given is None:
                raise DisplayError(
                    f"{self._path} is an ordinary file, expected a framebuffer: set display.size "
                    "to have it used as one"
                )
            if os.fstat(handle).st_size not in (0, self._given.bytes):
                raise DisplayError(
                    f"{self._path} is a file of {os.fstat(handle).st_size} bytes, expected none or "
                    f"one of {self._given.bytes} for this size: name another file"
                )
            os.ftruncate(handle, self._given.bytes)
            return self._given
        var = fcntl.ioctl(handle, FBIOGET_VSCREENINFO, bytes(VAR_BYTES))
        fix = fcntl.ioctl(handle, FBIOGET_FSCREENINFO, bytes(FIX_BYTES))
        return geometry_of(var, fix)
