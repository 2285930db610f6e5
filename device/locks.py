# SPDX-License-Identifier: Apache-2.0
"""One holder at a time: advisory locks (flock) that name who holds them.

The kernel lets a lock go with the process that holds it, however that one ends, so nothing is ever
left to clean up after a kill or a power cut.
"""

import errno
import fcntl
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from device.errors import BusyError, ControlError

log = logging.getLogger(__name__)
_LOCKS = Path("/proc/locks")


class Lock:
    """Holds an exclusive lock on a file, a folder or a device node while its block runs.

    Args:
        path: what is locked.
        subject: what it stands for, as the error names it ("the camera ...").
        create: make an empty file there when there is none.
    """

    def __init__(self, path: Path, *, subject: str, create: bool) -> None:
        self._path = path
        self._subject = subject
        self._flags = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            BusyError: another process holds it; the message names its process id.
            ControlError: `path` cannot be opened.
        """
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            try:
                self._explain(descriptor, error)
            except BusyError:
                os.close(descriptor)
                raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        try:
            return os.open(self._path, self._flags | os.O_CLOEXEC, 0o660)
        except OSError as error:
            raise ControlError(
                f"{self._path} cannot be opened to lock it ({error.strerror}), expected to be let "
                "in: check its permissions"
            ) from error

    def _explain(self, descriptor: int, error: OSError) -> None:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            # Some network file systems refuse flock on what is open for reading only.
            log.warning("%s cannot be locked (%s): nothing keeps others off", self._path, error)
            return
        pid = holder(descriptor)
        who = f"process {pid}" if pid else "another process"
        raise BusyError(
            f"{self._subject} is held by {who}, expected to hold it alone: stop that one first"
        ) from error


def holder(descriptor: int) -> int | None:
    """The process that holds a flock on this open file, if the kernel tells (Linux only)."""
    inode = str(os.fstat(descriptor).st_ino)
    try:
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        # number: FLOCK ADVISORY WRITE pid major:minor:inode start end
        if "FLOCK" in words[1:2] and words[5].rpartition(":")[2] == inode:
            return int(words[4])
    return None
