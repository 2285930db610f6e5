# SPDX-License-Identifier: Apache-2.0
"""picamera2 and what it needs of PyPI, fetched for arm64 and unpacked, nothing of it run.

Raspberry Pi OS has them as Debian packages; Debian itself does not.
"""

import shutil
import sys
import tarfile
from pathlib import Path

from system.emulated.cache import key, made, run

_WHEELS = ("picamera2==0.3.38", "simplejpeg==1.9.0")
# Without wheels. The one function of PiDNG that is in C is loaded when a raw picture is written,
# which Passerby never does.
_SOURCES = {"PiDNG==4.0.9": "src/pidng", "videodev2==0.0.4": "videodev2"}
_OLDEST_LIBRARIES = (41, 39, 36, 34, 31, 28, 17)


def site_packages() -> Path:
    """A folder with the modules."""
    return made("picamera2", key(Path(__file__)), _fetch)


def _fetch(folder: Path) -> None:
    fetched = folder / "fetched"
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(fetched))
    platforms = [
        word
        for library in _OLDEST_LIBRARIES
        for word in ("--platform", f"manylinux_2_{library}_aarch64")
    ]
    run(*pip, "--only-binary", ":all:", "--python-version", "3.13", *platforms, *_WHEELS)
    run(*pip, "--no-binary", ":all:", *_SOURCES)
    for wheel in fetched.glob("*.whl"):
        shutil.unpack_archive(wheel, folder, "zip")
    for path in _SOURCES.values():
        source = next(fetched.glob(f"{Path(path).name.lower()}-*.tar.gz"))
        with tarfile.open(source) as archive:
            archive.extractall(fetched, filter="data")
        unpacked = fetched / source.name.removesuffix(".tar.gz") / path
        shutil.copytree(unpacked, folder / unpacked.name)
    shutil.rmtree(fetched)
