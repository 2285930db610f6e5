# SPDX-License-Identifier: Apache-2.0
"""Standard input, output and error that can be relied on, however the program was started."""

import io
import os
import sys
from pathlib import Path


def prepare() -> None:
    """See that all three are there, and that standard output can say the name of any file.

    One that was closed before the start leads nowhere: otherwise the first file opened would get
    its descriptor, and messages would be written into it. Output is UTF-8 in every locale, since
    programs read it; bytes of a file name that are no text become escapes, which JSON has too.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Lowest first, so that each gets its own number; open until the end.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def abandon_output() -> None:
    """Let go of what standard output still holds; the flush at exit must not complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
