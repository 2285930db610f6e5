# SPDX-License-Identifier: Apache-2.0
"""Pictures in a ZIP, read in place and never unpacked.

A ZIP says everything twice and may lie each time: what the directory claims is bounded before it is
believed, and what is read is held against the claim. Overlapping entries: D. Fifield, "A better zip
bomb", WOOT 2019.
"""

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from device.errors import InputError
from device.pictures.base import Limits, Listing, PictureSource, Sorter, fault_in_name, printable

LOCAL_HEADER_BYTES = 30
DIRECTORY_BYTES_PER_ENTRY = 256
RATIO_COUNTS_FROM_BYTES = 2**20
ENCRYPTED_FLAGS = 0x1 | 0x40

_ZIPFILE_RAISES = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
    zlib.error,
)


class ArchiveSource(PictureSource):
    """A ZIP; names are those of its entries."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        """Open and judge the ZIP at `path`.

        Raises:
            InputError: it is no ZIP, truncated, a bomb, has overlapping entries or no picture.
        """
        self._limits = limits
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._file = _GuardedFile(path, limits)
        try:
            self._zip = _open_zip(self._file, path)
            super().__init__(path, self._judge(path))
            self._file.trust()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the ZIP."""
        self._zip.close()
        self._file.close()

    def _read(self, name: str) -> bytes:
        entry = self._entries[name]
        try:
            with self._zip.open(entry) as file:
                data = file.read(entry.file_size)
        except _ZIPFILE_RAISES as error:
            raise InputError(
                f"{name} in {self.path} is damaged ({printable(str(error))}): leave it out or "
                "fetch the ZIP again"
            ) from error
        if len(data) != entry.file_size:
            raise InputError(
                f"{name} in {self.path} holds {len(data)} bytes where {entry.file_size} were "
                "promised: fetch the ZIP again"
            )
        return data

    def _judge(self, path: Path) -> Listing:
        entries = self._zip.infolist()
        self._refuse_overlaps(entries, path)
        sorter = Sorter(path, limits=self._limits)
        for entry in entries:
            if entry.orig_filename.endswith("/") and entry.file_size == 0:
                continue
            fault = fault_in_name(entry.orig_filename) or self._fault_in_entry(entry)
            if fault is not None:
                sorter.refuse(entry.orig_filename, fault)
            elif sorter.accept(entry.orig_filename):
                self._entries[entry.orig_filename] = entry
        total = sum(entry.file_size for entry in self._entries.values())
        if total > self._limits.max_total_bytes:
            raise InputError(
                f"{path} would unpack to {total} bytes, at most {self._limits.max_total_bytes} are "
                "allowed: split it"
            )
        return sorter.listing()

    def _fault_in_entry(self, entry: zipfile.ZipInfo) -> str | None:
        return _fault_of_kind(entry) or self._fault_of_size(entry)

    def _fault_of_size(self, entry: zipfile.ZipInfo) -> str | None:
        if entry.file_size > self._limits.max_entry_bytes:
            return f"{entry.file_size} bytes, at most {self._limits.max_entry_bytes} are allowed"
        believable = self._limits.max_ratio * entry.compress_size
        if entry.file_size > max(RATIO_COUNTS_FROM_BYTES, believable):
            return f"unpacks to more than {self._limits.max_ratio:g} times its size"
        return None

    def _refuse_overlaps(self, entries: list[zipfile.ZipInfo], path: Path) -> None:
        ordered = sorted(entries, key=lambda entry: entry.header_offset)
        starts = [*(entry.header_offset for entry in ordered), self._zip.start_dir]
        for entry, following in zip(ordered, starts[1:], strict=True):
            # The local header may be longer than this, never shorter.
            end = entry.header_offset + LOCAL_HEADER_BYTES + len(entry.orig_filename)
            if entry.header_offset < 0 or end + entry.compress_size > following:
                raise InputError(
                    f"{path} has overlapping entries at {printable(entry.orig_filename)}, as ZIP "
                    "bombs do: make the ZIP anew"
                )


def _fault_of_kind(entry: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a link"
    if kind not in (0, stat.S_IFREG):
        return "neither a file nor a folder"
    if entry.flag_bits & ENCRYPTED_FLAGS:
        return "encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile unpacks bzip2 and LZMA without a bound on what comes out.
        return f"compression method {entry.compress_type}, only stored and deflated are read"
    return None


class _GuardedFile(io.FileIO):
    """A file that refuses a central directory of too many entries before it is parsed.

    zipfile reads the directory in one piece and then builds an object per entry, unasked.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        try:
            super().__init__(path, "rb")
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror})") from error
        self._path = path
        self._trusted = False
        self._max_entries = limits.max_pictures
        self._max_read = max(
            limits.max_entry_bytes + 1, limits.max_pictures * DIRECTORY_BYTES_PER_ENTRY, 2**17
        )

    def trust(self) -> None:
        """Read without counting from now on: what entries may hold has been judged."""
        self._trusted = True

    def read(self, size: int | None = -1, /) -> bytes:
        """As for any file, within the limits."""
        if self._trusted:
            return super().read(-1 if size is None else size)
        wanted = -1 if size is None else size
        data = super().read(min(wanted, self._max_read) if wanted >= 0 else self._max_read)
        if data.count(b"PK\x01\x02") > self._max_entries or len(data) == self._max_read:
            raise InputError(
                f"{self._path} has more entries than the limit of {self._max_entries}, or a table "
                "of contents out of all proportion: split it"
            )
        return data


def _open_zip(file: _GuardedFile, path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except InputError:
        raise
    except _ZIPFILE_RAISES as error:
        raise InputError(
            f"{path} is not a ZIP that can be read ({printable(str(error))}): it may be truncated, "
            "so fetch it again"
        ) from error
