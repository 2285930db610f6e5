# SPDX-License-Identifier: Apache-2.0
"""Small recordings for tests: faces of tests/data/faces glide over a noisy wall, one by one."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FACES = Path(__file__).parent / "data" / "faces" / "pictures"
WIDTH, HEIGHT = 640, 480
FRAMES_PER_SECOND = 10.0


def frames(walkers: int, *, steps: int = 8, gap: int = 14) -> list[NDArray[np.uint8]]:
    """Frames uint8[480, 640, 3]: each walker takes `steps` frames, then `gap` frames are empty.

    The gap is longer than a tracker bridges, so each walker is one visit.
    """
    generator = np.random.default_rng(7)
    wall = generator.integers(90, 130, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    chips = sorted(FACES.glob("*.jpg"))[:walkers]
    made = []
    for chip in chips:
        face = np.asarray(Image.open(chip).convert("RGB"))
        for step in range(steps):
            frame = wall.copy()
            x = 40 + step * 30
            frame[120 : 120 + face.shape[0], x : x + face.shape[1]] = face
            made.append(frame)
        made += [wall.copy() for _ in range(gap)]
    return made


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=90)
    return target.getvalue()


def write_scene(
    path: Path, pictures: list[bytes], *, frames_per_second: float = FRAMES_PER_SECOND
) -> Path:
    """A scene file at `path` that plays `pictures` in order."""
    names = [f"frames/{number:06d}.jpg" for number in range(len(pictures))]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        scene = {"format": 1, "frames_per_second": frames_per_second, "frames": names}
        archive.writestr("scene.json", json.dumps(scene))
        for name, data in zip(names, pictures, strict=True):
            archive.writestr(name, data)
    return path


def write_folder(path: Path, pictures: list[bytes]) -> Path:
    """A folder of `pictures`, named so that natural order is theirs and plain order is not."""
    path.mkdir()
    for number, data in enumerate(pictures):
        (path / f"{number}.jpg").write_bytes(data)
    return path


LENGTH = 12


def shades(count: int = LENGTH) -> list[bytes]:
    """Small pictures told apart by their brightness."""
    return [jpeg(np.full((48, 64, 3), 20 * number, np.uint8)) for number in range(count)]


def number_of(pixels: NDArray[np.uint8]) -> int:
    """Which of `shades` these pixels are."""
    return round(float(pixels.mean()) / 20)
