# SPDX-License-Identifier: Apache-2.0
"""The process of a job: runs verbs one after the other and leaves their exit status."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from training.cli import main as verb
from training.studio.jobs import write_atomically
from training.verbs.common import PROGRESS_FILE


def main(folder: Path, commands: Sequence[Sequence[str]]) -> int:
    """Run `commands` until one fails; the last one's exit status is kept in `folder`."""
    # What has no better way to stop ends as it would at the keyboard; `train` has a better one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ[PROGRESS_FILE] = str(folder / "progress.json")
    status = 0
    for words in commands:
        status = verb(words)
        if status:
            break
    sys.stdout.flush()
    about = msgspec.json.encode({"exit_status": status})
    write_atomically(folder / "status.json", about)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=list[list[str]])))
