# SPDX-License-Identifier: Apache-2.0
"""No picture is kept: everything that a real daemon writes is looked through for image data.

The daemon runs under an audit hook that notes each file opened for writing or created, in folders
of its own (state, run, home, temporary, working directory), which are searched as a whole as well.
That the search would find a picture is shown by daemons that leak one on purpose.
"""

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from daemons import PATIENCE_SECONDS, House
from numpy.typing import NDArray
from PIL import Image
from walkers import frames, jpeg, write_scene

from device.bundle import open_bundle
from device.classifier import Classifier
from device.control.request import Request
from device.detector import Detector
from device.imaging import letterbox

WALKERS = 2
NEEDLE_BYTES = 24

SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff[\xc0-\xfe]",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF....WEBP",
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"(?:II\*\x00|MM\x00\*)....",
    "BMP": rb"BM....\x00{4}....(?:\x0c|\x28|\x6c|\x7c)\x00{3}",
    "JPEG in base64": rb"/9j/[0-9A-Za-z+/]{8}",
    "PNG in base64": rb"iVBORw0KGgo",
}

WATCHED = """
import os, sys
notes = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
leak = sys.argv.pop(1)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def note(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)) and args[2] & WRITING:
        os.write(notes, os.fsencode(os.path.abspath(args[0])) + b"\\n")
    elif event == "sqlite3.connect":
        os.write(notes, os.fsencode(args[0]) + b"\\n")
    elif event in ("os.rename", "os.link", "os.symlink"):
        os.write(notes, os.fsencode(os.path.abspath(args[1])) + b"\\n")

sys.addaudithook(note)

if leak != "nothing":
    from PIL import Image
    from device.pipeline import Pipeline
    looked = Pipeline.process
    def leaking(self, frame, **wish):
        observation = looked(self, frame, **wish)
        if observation.sightings:
            face = observation.sightings[0].face
            crop = self._classifier.crop(frame.pixels, face).pixels
            with open("leak", "wb") as file:
                if leak == "raw":
                    file.write(b"some header" + frame.pixels[100:200].tobytes())
                elif leak == "crop":
                    file.write(crop.tobytes())
                else:
                    Image.fromarray(crop).save(file, leak)
        return observation
    Pipeline.process = leaking

from device.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return [jpeg(frame) for frame in frames(WALKERS)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, pictures: list[bytes]) -> Path:
    return write_scene(tmp_path_factory.mktemp("scene") / "walkers.zip", pictures)


@pytest.fixture(scope="module")
def needles(pictures: list[bytes], models_directory: Path) -> set[bytes]:
    """Runs of pixels that would betray a frame, a face crop or a detector's input, kept raw."""
    detector = Detector(open_bundle(models_directory / "blazeface-short"))
    classifier = Classifier(open_bundle(models_directory / "default"))
    found: set[bytes] = set()
    crops = 0
    for data in pictures:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        found |= runs(pixels[::8]) | runs(letterbox(pixels, 128)[0][::4])
        for face in detector.find(pixels):
            crop = classifier.crop(pixels, face).pixels
            found |= runs(crop[::4]) | runs((crop ^ np.uint8(0x80))[::4])
            crops += 1
    assert crops > WALKERS
    return found


def runs(rows: NDArray[np.uint8]) -> set[bytes]:
    """A run from the middle and the quarters of each row; flat ones prove nothing."""
    found = set()
    for row in rows:
        data = row.tobytes()
        for part in (1, 2, 3):
            start = len(data) * part // 4
            run = data[start : start + NEEDLE_BYTES]
            if len(set(run)) >= 8:
                found.add(run)
    return found


def image_data(data: bytes, needles: set[bytes]) -> list[str]:
    """What of a picture is in `data`, in words."""
    found = [kind for kind, mark in SIGNATURES.items() if re.search(mark, data, re.DOTALL)]
    if len(data) >= NEEDLE_BYTES:
        windows = (data[at : at + NEEDLE_BYTES] for at in range(len(data) - NEEDLE_BYTES + 1))
        if any(window in needles for window in windows):
            found.append("raw pixels")
    return found


class Watched:
    """A daemon whose every written file is known."""

    def __init__(self, folder: Path, *, models: Path, scene: Path, leak: str) -> None:
        folder.mkdir()
        self.notes = folder / "notes"
        self.home = folder / "home"
        self.home.mkdir()
        sections: dict[str, dict[str, object]] = {
            "camera": {"path": str(scene), "loop": leak == "nothing"},
            "store": {"batch_seconds": 0},
            "display": {"kind": "memory"},
        }
        self.house = House(folder / "house", models, sections)
        self.house.log.touch()
        places = {name: str(self.home) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
        words = self.house.command("run", "--fast", "--verbose")[3:]
        with self.house.journal.open("wb") as journal, self.house.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WATCHED, str(self.notes), leak, *words],
                stdout=journal,
                stderr=log,
                cwd=self.home,
                env=self.house.environment(places),
            )
        self.house.processes.append(self.process)

    def written(self) -> set[Path]:
        """All files that the daemon opened for writing, and whatever lies in its folders."""
        noted = {Path(line) for line in self.notes.read_text().splitlines()}
        noted |= {Path(f"{path}-wal") for path in noted}
        lying = {path for top in (self.home, self.house.folder) for path in top.rglob("*")}
        return {path for path in noted | lying if path.is_file()}

    def leaks(self, needles: set[bytes]) -> dict[str, list[str]]:
        """The files with image data in them."""
        found = {path.name: image_data(path.read_bytes(), needles) for path in self.written()}
        return {name: kinds for name, kinds in found.items() if kinds}


def test_nothing_that_the_daemon_writes_holds_image_data(
    tmp_path: Path, models_directory: Path, scene: Path, needles: set[bytes]
) -> None:
    watched = Watched(tmp_path / "a", models=models_directory, scene=scene, leak="nothing")
    house = watched.house
    try:
        house.wait_visits(WALKERS)
        still = house.ask(Request("capture", wait_face_seconds=30.0, still=True))["still"]
        while_running = watched.leaks(needles)
        assert house.stop(watched.process) == 0
    finally:
        house.close()
    assert while_running == {}
    assert watched.leaks(needles) == {}
    names = {path.name for path in watched.written()}
    assert {"visits.db", "journal.jsonl", "log.txt", "passerby.lock"} <= names
    assert len(house.stored()) >= WALKERS
    # The one still that was asked for went to who asked, and would have been noticed in a file.
    assert image_data(still.encode(), needles) == ["JPEG in base64"]
    assert image_data(base64.b64decode(still), needles) == ["JPEG"]


@pytest.mark.parametrize("leak", ["raw", "crop", "JPEG", "BMP"])
def test_the_search_finds_what_a_leaking_daemon_writes(
    tmp_path: Path, models_directory: Path, scene: Path, needles: set[bytes], leak: str
) -> None:
    watched = Watched(tmp_path / "a", models=models_directory, scene=scene, leak=leak)
    assert watched.process.wait(PATIENCE_SECONDS) == 0, watched.house.log.read_text()
    kind = leak if leak in SIGNATURES else "raw pixels"
    assert kind in watched.leaks(needles)["leak"]
    noted = watched.notes.read_text().splitlines()
    assert str(watched.home / "leak") in noted


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_every_signature_is_known(pictures: list[bytes], kind: str) -> None:
    target = io.BytesIO()
    Image.open(io.BytesIO(pictures[0])).save(target, kind)
    assert kind in image_data(b"before" + target.getvalue(), set())
    assert image_data(b"nothing of that kind", set()) == []
