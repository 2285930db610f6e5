# SPDX-License-Identifier: Apache-2.0
"""SHA-256 of files, by the interpreter's own code.

`hashlib` would load OpenSSL for it, as numpy 1 does anyway and numpy 2 does not: 4.3 MB of memory,
kept as long as the daemon lives, for a few hashes at its start. CPython carries the same function
without OpenSSL, under one name or another.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20
# CPython 3.12 and later, 3.11, and whatever is built without either.
_PLACES = ("_sha2", "_sha256", "hashlib")


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    digest = _function()()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return str(digest.hexdigest())


def _function() -> Callable[[], Any]:
    for place in _PLACES[:-1]:
        try:
            found: Callable[[], Any] = import_module(place).sha256
        except ImportError:
            continue
        return found
    return import_module(_PLACES[-1]).sha256  # type: ignore[no-any-return]
