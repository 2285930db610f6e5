# SPDX-License-Identifier: Apache-2.0
"""Writes scene files and reads them back; see the package's own words for the format."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from device.errors import InputError
from device.pictures import decode, open_source
from training.scenes import truth
from training.scenes.backdrop import Pixels
from training.scenes.generate import Stage
from training.scenes.truth import SCENE_FILE, Scene, Truth

Write = Callable[[str, bytes], None]

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every entry, so that the same scene gives the same file."""


@dataclass(frozen=True, slots=True)
class Credits:
    """Whose pictures a scene is made of, and under which licence it may be passed on."""

    attribution: str
    licence: str


def write_scene(
    path: Path,
    staged: Stage,
    credits: Credits,
    *,
    on_frame: Callable[[int], object] = lambda number: None,
) -> Scene:
    """Play a stage into a scene file: a ZIP if `path` ends in .zip, else a folder."""
    open_writer = _zip_writer if path.suffix.lower() == ".zip" else _folder_writer
    names, faces = [], []
    with open_writer(path) as write:
        for number, (pixels, seen) in enumerate(staged.play()):
            names.append(f"frames/{number:06d}.jpg")
            faces.append(seen)
            write(names[-1], _jpeg(pixels, staged.options.jpeg_quality))
            on_frame(number)
        scene = Scene(
            format=truth.FORMAT,
            name=path.stem,
            width=staged.options.width,
            height=staged.options.height,
            frames_per_second=staged.options.frames_per_second,
            seed=staged.seed,
            attribution=credits.attribution,
            licence=credits.licence,
            frames=tuple(names),
            truth=Truth(staged.people, tuple(faces)),
        )
        write(SCENE_FILE, truth.encode(scene))
    return scene


def read_scene(path: Path) -> Scene:
    """The content of a scene file, frames aside.

    Raises:
        InputError: there is no scene at `path`.
    """
    with open_source(path) as source:
        text = source.read_text(SCENE_FILE)
    if text is None:
        raise InputError(
            f"{path}: pictures but no {SCENE_FILE}, expected a scene written by `training scenes`"
        )
    return truth.decode(text, name=str(path))


def read_frames(path: Path, scene: Scene) -> Iterator[Pixels]:
    """The frames of a scene file in the order of time, uint8[height, width, 3] each."""
    with open_source(path) as source:
        for name in scene.frames:
            yield decode(source.read(name), name=name)


@contextmanager
def _zip_writer(path: Path) -> Iterator[Write]:
    """Entries go to a file beside `path` that takes its place when it is whole."""
    unfinished = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            yield lambda name, data: archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _folder_writer(path: Path) -> Iterator[Write]:
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{path}: already holds files, expected a new or an empty folder")

    def write(name: str, data: bytes) -> None:
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    yield write


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
