# SPDX-License-Identifier: Apache-2.0
"""Does something as a user who has no rights here, where the tests run as root."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STRANGER = 65534


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder whose parents everybody may enter, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="passerby-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in folder.iterdir():
            path.chmod(0o700)
        shutil.rmtree(folder)


def as_stranger(ask: Callable[[], object]) -> str:
    """What `ask` returns, or its error's class and words, in a process of another user.

    Who is not root stays who they are: what is to be shut must be shut to its owner, too.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(STRANGER, STRANGER, STRANGER)
                os.setresuid(STRANGER, STRANGER, STRANGER)
            told = str(ask())
        except BaseException as error:  # noqa: BLE001  the parent is told, whatever it is
            told = f"{type(error).__name__}: {error}"
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told
