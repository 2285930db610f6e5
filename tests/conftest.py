# SPDX-License-Identifier: Apache-2.0
"""Fixtures that many tests share: the real bundles, models and pictures."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

with contextlib.suppress(ImportError):
    # Before TensorFlow: loaded after it, this runtime finds its symbols there and reads no model.
    import tflite_runtime.interpreter  # noqa: F401

from daemons import House, NewHouse
from numpy.typing import NDArray

from device.bundle import open_bundle
from device.classifier import Classifier
from device.detector import Detector
from device.imaging import CropRule
from device.pictures import decode
from training.datasets import open_dataset
from training.prepare import prepare
from training.prepared import Prepared, open_prepared

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def models_directory() -> Path:
    """The repository's bundles; the detectors are fetched when they are not there yet."""
    subprocess.run([sys.executable, "-m", "training", "detectors"], cwd=ROOT, check=True)
    return ROOT / "models"


@pytest.fixture(scope="session")
def faces_directory() -> Path:
    """154 labelled FairFace pictures, none of them trained on."""
    return ROOT / "tests" / "data" / "faces"


@pytest.fixture(scope="session")
def doorway() -> Path:
    """The committed scene."""
    return ROOT / "tests" / "data" / "doorway.zip"


@pytest.fixture(scope="session")
def detector(models_directory: Path) -> Detector:
    return Detector(open_bundle(models_directory / "blazeface-short"))


@pytest.fixture(scope="session")
def classifier(models_directory: Path) -> Classifier:
    return Classifier(open_bundle(models_directory / "default"))


@pytest.fixture(scope="session")
def pictures(faces_directory: Path) -> dict[str, NDArray[np.uint8]]:
    """Every committed picture by name, uint8[160, 160, 3]."""
    paths = sorted((faces_directory / "pictures").glob("*.jpg"))
    return {path.name: decode(path.read_bytes(), name=path.name) for path in paths}


@pytest.fixture(scope="session")
def prepared_faces(
    tmp_path_factory: pytest.TempPathFactory, faces_directory: Path, detector: Detector
) -> Prepared:
    """The committed pictures as crops of 64 px, split for training."""
    folder = tmp_path_factory.mktemp("prepared")
    with open_dataset(faces_directory) as dataset:
        rule = CropRule(size=64, scale=1.1)
        prepare([dataset], folder, detector=detector, rule=rule, role="training")
    return open_prepared(folder)


@pytest.fixture
def new_house(tmp_path: Path, models_directory: Path) -> Iterator[NewHouse]:
    """Makes daemons with settings and directories of their own, and ends them."""
    houses: list[House] = []

    def make(name: str = "a", **sections: dict[str, object]) -> House:
        houses.append(House(tmp_path / name, models_directory, sections))
        return houses[-1]

    yield make
    for house in houses:
        house.close()
