# SPDX-License-Identifier: Apache-2.0
"""ZIPs to upload: a good one of the committed faces, and bad ones of every sort."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

UTKFACE_RACES = {"White": 0, "Black": 1, "East Asian": 2, "Southeast Asian": 2, "Indian": 3}


def utkface_names(faces: Path) -> dict[str, bytes]:
    """The committed pictures under the names that UTKFace would give them."""
    named = {}
    for i, row in enumerate(csv.DictReader((faces / "labels.csv").read_text().splitlines())):
        age = int(row["age"].removeprefix("more than ").split("-")[0]) + 4
        gender = int(row["gender"] == "Female")
        race = UTKFACE_RACES.get(row["race"], 4)
        name = f"{age}_{gender}_{race}_20170109{i:09d}.jpg.chip.jpg"
        named[name] = (faces / row["file"]).read_bytes()
    return named


def write_zip(path: Path, entries: Iterable[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def good_zip(faces: Path, path: Path) -> Path:
    """All faces; one twice under contradictory labels, one twice, one name malformed.

    And one picture with its face painted over, in which none is to be found.
    """
    named = utkface_names(faces)
    names = list(named)
    first, second = names[0], names[1]
    age, gender, rest = first.split("_", 2)
    contrary = f"{age}_{1 - int(gender)}_{rest.replace('20170109', '20170110')}"
    again = second.replace("20170109", "20170110")
    extra = {contrary: named[first], again: named[second], "39_1_20170109.jpg": named[names[2]]}
    extra[first.replace("20170109", "20170111")] = _painted_over(named[first])
    return write_zip(path, [*named.items(), *extra.items(), ("../outside.jpg", named[first])])


def _painted_over(picture: bytes) -> bytes:
    """A picture without its face: an edge of a tenth is left of it."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        edge = image.width // 10
        image.paste((128, 128, 128), (edge, edge, image.width - edge, image.height - edge))
        image.save(file, "JPEG")
    return file.getvalue()


def _not_a_zip(named: dict[str, bytes], path: Path) -> None:
    path.write_bytes(b"these are no pictures at all\n" * 100)


def _bomb(named: dict[str, bytes], path: Path) -> None:
    """Overlapping entries, as Fifield's: many names for one body."""
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("24_0_1_1.jpg", next(iter(named.values())))
        first = archive.infolist()[0]
        for i in range(50):
            twin = zipfile.ZipInfo(f"24_0_1_{i + 2}.jpg")
            for field in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(twin, field, getattr(first, field))
            archive.filelist.append(twin)
    path.write_bytes(plain.getvalue())


def _traversal(named: dict[str, bytes], path: Path) -> None:
    write_zip(path, ((f"../../{name}", data) for name, data in named.items()))


def _zeros(named: dict[str, bytes], path: Path) -> None:
    """A gigabyte of zeros that calls itself a picture."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("24_0_1_20170109.jpg", "w", force_zip64=True) as entry,
    ):
        block = bytes(2**20)
        for _ in range(1024):
            entry.write(block)


def _unlabelled(named: dict[str, bytes], path: Path) -> None:
    write_zip(path, ((f"face{i}.jpg", data) for i, data in enumerate(named.values())))


def _one_class(named: dict[str, bytes], path: Path) -> None:
    write_zip(path, ((name, data) for name, data in _varied(named) if name.split("_")[1] == "1"))


def _varied(named: dict[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """Each picture and its mirror image, so that one label alone has enough of them."""
    for name, data in named.items():
        yield name, data
        file = io.BytesIO()
        with Image.open(io.BytesIO(data)) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(file, "JPEG")
        yield name.replace("20170109", "20180109"), file.getvalue()


def _two_pictures(named: dict[str, bytes], path: Path) -> None:
    write_zip(path, list(named.items())[:2])


Maker = Callable[[dict[str, bytes], Path], None]
# What each bad upload is answered with, in part.
BAD: dict[str, tuple[Maker, str]] = {
    "not-a-zip": (_not_a_zip, "is not a ZIP that can be read"),
    "bomb": (_bomb, "overlapping entries"),
    "traversal": (_traversal, "no picture"),
    "zeros": (_zeros, "no picture"),
    "unlabelled": (_unlabelled, "no labels that are known"),
    "one-class": (_one_class, "expected some labelled male too"),
    "two-pictures": (_two_pictures, "2 labelled pictures that can be read, expected at least"),
}
