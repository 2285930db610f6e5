# SPDX-License-Identifier: Apache-2.0
"""The outage of a camera as a file, by which one life of the daemon tells the next."""

import logging
from pathlib import Path

import msgspec

from device.outage import Outage

log = logging.getLogger(__name__)

FILE_NAME = "camera-outage.json"


class OutageFile:
    """Keeps one outage, or none.

    Args:
        directory: it must outlast the process, not the boot.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME

    def read(self, boot_id: str) -> Outage | None:
        """The outage that an earlier process of this boot wrote down, if it can be read."""
        try:
            outage = msgspec.json.decode(self._path.read_bytes(), type=Outage)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read (%s): attempts are counted from 0", self._path, error)
            return None
        return outage if outage.boot_id == boot_id else None

    def write(self, outage: Outage | None) -> None:
        """Replace what is kept; a directory that is full or read-only costs the memory of it."""
        aside = self._path.with_suffix(".new")
        try:
            if outage is None:
                self._path.unlink(missing_ok=True)
                return
            aside.write_bytes(msgspec.json.encode(outage))
            aside.replace(self._path)
        except OSError as error:
            log.warning("%s cannot be written (%s): attempts are not counted", self._path, error)
