# SPDX-License-Identifier: Apache-2.0
"""What every labelled dataset offers, whatever its format."""

from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from device.pictures import PictureSource, Refusal

LabelledGender = Literal["female", "male"]
Format = Literal["utkface", "fairface", "folders"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled picture. `age_band` and `race` are FairFace's or UTKFace's words, or empty.

    `name` is the picture's name in its dataset; `age_years` is there only where the format has it.
    """

    name: str
    perceived_gender: LabelledGender
    age_band: str = ""
    age_years: int | None = None
    race: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something odd about one label or picture; `kept` where the sample is used all the same."""

    name: str
    reason: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """What a format made of a source."""

    samples: tuple[Sample, ...]
    faults: tuple[Fault, ...]


class Dataset:
    """Labelled pictures; a context manager that owns the file they are in."""

    def __init__(self, source: PictureSource, *, name: str, kind: Format, labels: Labels) -> None:
        """Join a source of pictures with its labels; `name` is what a report calls it."""
        self._source = source
        self.name = name
        self.format = kind
        self.samples = labels.samples
        self.faults = labels.faults

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Files that will not be read: no pictures, links, hostile names and the like."""
        return self._source.refused

    def read(self, sample: Sample) -> bytes:
        """The encoded picture.

        Raises:
            InputError: it is damaged or gone.
        """
        return self._source.read(sample.name)
