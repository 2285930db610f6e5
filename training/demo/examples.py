# SPDX-License-Identifier: Apache-2.0
"""Example pictures, put together from the committed FairFace pictures (CC BY 4.0)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PIL import Image

from device.errors import InputError
from device.pictures import decode_image

ATTRIBUTION = (
    "Faces from the FairFace data set (Kimmo Kärkkäinen and Jungseock Joo, FairFace: Face "
    "Attribute Dataset for Balanced Race, Gender, and Age for Bias Measurement and Mitigation, "
    "WACV 2021), scaled and put side by side; licence of the pictures and of what is drawn on "
    "them: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
)
_LIST = "examples.json"
_PAPER = "#5d6b70"
_GAP = 12
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its title, how many people it shows, and its JPEG."""

    title: str
    people: int
    jpeg: bytes


class _Entry(msgspec.Struct, frozen=True):
    """One example in examples.json."""

    file: str
    title: str
    people: int


@dataclass(frozen=True, slots=True)
class _Wall:
    """Portraits side by side: `columns` x `rows` of `side` pixels, the `first` of each group on."""

    title: str
    columns: int
    rows: int
    side: int
    first: int


# Chosen among several such walls: in these every face is found, and one answer is unsure.
_WALLS = (
    _Wall("Six people", columns=3, rows=2, side=300, first=6),
    _Wall("Twelve people", columns=4, rows=3, side=230, first=0),
    _Wall("A close-up", columns=1, rows=1, side=480, first=3),
)


def compose_examples(faces: Path) -> tuple[Example, ...]:
    """Put the examples together from a folder with labels.csv and pictures/.

    Raises:
        InputError: it holds no such pictures.
    """
    names = _interleaved(faces)
    return (*(_wall(faces, names, wall) for wall in _WALLS), _nobody())


def read_examples(folder: Path) -> tuple[Example, ...]:
    """Examples as `write_examples` wrote them.

    Raises:
        InputError: there are none, or they are damaged.
    """
    try:
        entries = msgspec.json.decode((folder / _LIST).read_bytes(), type=list[_Entry])
        return tuple(
            Example(one.title, one.people, (folder / one.file).read_bytes()) for one in entries
        )
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            f"{folder}: no examples can be read ({error}); write them again with --space"
        ) from error


def write_examples(folder: Path, examples: Sequence[Example]) -> None:
    """Write the pictures, a list of them, and the attribution."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        _Entry(f"{number}.jpg", one.title, one.people) for number, one in enumerate(examples, 1)
    ]
    for entry, one in zip(entries, examples, strict=True):
        (folder / entry.file).write_bytes(one.jpeg)
    (folder / _LIST).write_bytes(msgspec.json.format(msgspec.json.encode(entries), indent=1))
    (folder / "ATTRIBUTION.md").write_text(ATTRIBUTION + "\n", encoding="utf-8")


def _interleaved(faces: Path) -> list[str]:
    """The pictures' names, each group of race and gender in turn, women and men alternating."""
    groups: dict[tuple[str, str], list[str]] = {}
    try:
        with (faces / "labels.csv").open(encoding="utf-8", newline="") as labels:
            for row in csv.DictReader(labels):
                groups.setdefault((row["race"], row["gender"]), []).append(row["file"])
    except (OSError, KeyError) as error:
        raise InputError(
            f"{faces}: no labels.csv with file, gender and race ({error}); expected the "
            "repository's tests/data/faces"
        ) from error
    order = sorted(groups)
    turns = [order[(5 * number) % len(order)] for number in range(len(order))]
    rounds = range(min(map(len, groups.values()), default=0))
    return [groups[group][place] for place in rounds for group in turns]


def _wall(faces: Path, names: Sequence[str], wall: _Wall) -> Example:
    step = wall.side + _GAP
    size = wall.columns * step + _GAP, wall.rows * step + _GAP
    picture = Image.new("RGB", size, _PAPER)
    people = wall.columns * wall.rows
    for place, name in enumerate(names[wall.first * people :][:people]):
        face = decode_image((faces / name).read_bytes(), name=name)
        face = face.resize((wall.side, wall.side), Image.Resampling.BICUBIC)
        row, column = divmod(place, wall.columns)
        picture.paste(face, (_GAP + column * step, _GAP + row * step))
    return Example(wall.title, people, _jpeg(picture))


def _nobody() -> Example:
    """A picture without a face: a wall with an empty frame."""
    picture = Image.linear_gradient("L").resize((800, 500))
    warm = Image.merge("RGB", (picture, picture.point(lambda v: v * 0.95), picture))
    warm.paste("#8a7b66", (300, 120, 500, 380))
    warm.paste("#e8e2d4", (312, 132, 488, 368))
    return Example("Nobody", 0, _jpeg(warm))


def _jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()
