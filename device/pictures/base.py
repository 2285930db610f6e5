# SPDX-License-Identifier: Apache-2.0
"""What every source of pictures has in common: limits, refusals, names and their order."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from device.errors import InputError

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
COMPANION_SUFFIXES = frozenset({".csv", ".json", ".txt", ".md"})
MAX_NAME_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one source may ask of the machine; sizes in bytes.

    `max_ratio` (unpacked / packed) is held against entries that unpack to more than a mebibyte.
    """

    max_pictures: int = 500_000
    max_entry_bytes: int = 64 * 2**20
    max_total_bytes: int = 8 * 2**30
    max_ratio: float = 200.0
    max_pixels: int = 50_000_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One file that will not be read, and why; `name` is safe to print."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds: pictures, companion files and what was refused, in natural order."""

    names: tuple[str, ...]
    others: tuple[str, ...]
    refused: tuple[Refusal, ...]


class PictureSource(ABC):
    """Pictures that can be listed and read by name; a context manager that owns its file."""

    def __init__(self, path: Path, listing: Listing) -> None:
        """Hold what was found at `path`."""
        self.path = path
        self.names = listing.names
        self.others = listing.others
        self.refused = listing.refused
        self._known = frozenset(listing.names) | frozenset(listing.others)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of the file; may be called twice."""

    @abstractmethod
    def _read(self, name: str) -> bytes:
        """The bytes of a listed name."""

    def read(self, name: str) -> bytes:
        """The bytes of one picture or companion, never more than the limit for one entry.

        Raises:
            InputError: the name was not listed, the entry is damaged, lies about its size, is too
                large, or has vanished since.
        """
        if name not in self._known:
            raise InputError(
                f"{printable(name)} is not among the files listed in {self.path}: use a listed name"
            )
        return self._read(name)

    def read_text(self, name: str) -> str | None:
        """A companion file as text (UTF-8, with or without a mark), or None where there is none.

        Raises:
            InputError: the file is damaged or not UTF-8.
        """
        if name not in self._known:
            return None
        try:
            return self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(
                f"{printable(name)} in {self.path} is not UTF-8 text: save it as UTF-8"
            ) from None


def printable(name: str) -> str:
    """`name` cut to a readable length, with everything that a terminal would obey escaped."""
    short = name if len(name) <= 200 else name[:197] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)


def natural_key(name: str) -> tuple[tuple[object, ...], str]:
    """Sorts `2.jpg` before `10.jpg`; the name itself settles ties such as `02` and `2`."""
    parts = re.split(r"([0-9]+)", name.casefold())
    # (length, digits) orders like the number, and int() refuses numbers of 4,300 digits.
    return tuple(
        (len(part.lstrip("0")), part.lstrip("0")) if index % 2 else part
        for index, part in enumerate(parts)
    ), name


def fault_in_name(name: str) -> str | None:
    """Why a name is refused whatever it holds, or None."""
    if not name or len(name) > MAX_NAME_CHARACTERS:
        return "its name is empty or too long"
    if not name.isprintable():
        return "its name holds control or undecodable characters"
    if "\\" in name or name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "its name is an absolute path or holds backslashes"
    parts = PurePosixPath(name).parts
    if ".." in parts:
        return "its name climbs out of the folder with '..'"
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return "it is a hidden file or an operating system's leftover"
    return None


class Sorter:
    """Sorts what is found into pictures, companions and refusals, and enforces the count."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        """Begin an empty listing of `path`."""
        self._path = path
        self._limits = limits
        self._pictures: list[str] = []
        self._others: list[str] = []
        self._refused: list[Refusal] = []
        self._seen: set[str] = set()

    def refuse(self, name: str, reason: str) -> None:
        """Note that `name` will not be read."""
        self._count_one_more()
        self._refused.append(Refusal(printable(name), reason))

    def accept(self, name: str) -> bool:
        """List `name` by its suffix; False where it is refused instead."""
        suffix = PurePosixPath(name).suffix.lower()
        if name in self._seen:
            self.refuse(name, "a second entry of the same name")
            return False
        if suffix not in PICTURE_SUFFIXES and suffix not in COMPANION_SUFFIXES:
            self.refuse(name, "not a picture (.jpg, .jpeg, .png, .bmp, .webp)")
            return False
        self._count_one_more()
        self._seen.add(name)
        (self._pictures if suffix in PICTURE_SUFFIXES else self._others).append(name)
        return True

    def listing(self) -> Listing:
        """What was found, in natural order.

        Raises:
            InputError: there is no picture at all.
        """
        if not self._pictures:
            tail = ""
            if self._refused:
                first = self._refused[0]
                tail = f" ({len(self._refused)} refused, first {first.name}: {first.reason})"
            raise InputError(
                f"{self._path} holds no picture{tail}: give JPEG, PNG, BMP or WebP files"
            )
        self._refused.sort(key=lambda refusal: natural_key(refusal.name))
        return Listing(
            tuple(sorted(self._pictures, key=natural_key)),
            tuple(sorted(self._others, key=natural_key)),
            tuple(self._refused),
        )

    def _count_one_more(self) -> None:
        found = len(self._pictures) + len(self._others) + len(self._refused)
        if found >= self._limits.max_pictures:
            raise InputError(
                f"{self._path} holds more than {self._limits.max_pictures} files, which is the "
                "limit: split it"
            )
