# SPDX-License-Identifier: Apache-2.0
"""Writes the demo as a Hugging Face Space: a folder that runs with what PyPI has, and no more.

The code is copied, not built: a Space installs requirements.txt from PyPI, where Passerby is not,
and runs app.py beside the folders `device` and `training`.
"""

import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from device.bundle import open_bundle
from device.errors import InputError
from training.demo.examples import ATTRIBUTION, Example, write_examples
from training.demo.serving import CLASSIFIERS, DETECTOR

_ROOT: Final = Path(__file__).resolve().parents[2]
_CODE: Final = ("device", "training/__init__.py", "training/demo")
# Reports are for who trains: plots, and which picture was trained on.
_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "report")
_APP: Final = '''\
# SPDX-License-Identifier: Apache-2.0
"""The page of Passerby's demo, as a Space."""

from pathlib import Path

from training.demo.examples import read_examples
from training.demo.serving import serve

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    serve(HERE / "models", examples=read_examples(HERE / "examples"))
'''
# A Space's git refuses pictures and models that are not handed over in this way.
_ATTRIBUTES: Final = "".join(
    f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in ("tflite", "jpg", "png")
)
_README: Final = """\
---
title: Passerby
emoji: 🚪
colorFrom: gray
colorTo: blue
sdk: gradio
sdk_version: {gradio}
python_version: "3.12"
app_file: app.py
license: apache-2.0
short_description: Perceived gender of faces, or unsure. Keeps nothing.
---

# Passerby: perceived gender, or unsure

Finds the faces of a picture and guesses how people who see them would call each one, in one of two
words, with its confidence; where it does not know it says *unsure*. It says nothing about anybody's
gender identity or sex. Decide nothing about a person by it.

**Nothing that is uploaded is kept.** A picture is read once and deleted before it is looked at, in
memory where the system has such a place; neither it nor the answer is stored, logged or sent on.

What runs here is what runs on a Raspberry Pi: the same code (`device/`), the same int8 models
({models}) and the same detector, without TensorFlow. Single pictures are looked at harder
than the frames of a camera: in nine overlapping parts, too.
How well it works, for whom it works worse and what it must not be used for stands in the cards:
{cards}.

Locally: `pip install -r requirements.txt && python app.py`.

## Licences

Code and classifiers: Apache-2.0 (the classifiers started from torchvision's ImageNet weights,
BSD-3-Clause, and learned from FairFace, CC BY 4.0). The face detector is MediaPipe's, Apache-2.0;
see `models/{detector}/NOTICE`. Pictures in `examples/` and in `models/*/golden/`: {attribution}
"""


def write_space(folder: Path, *, models: Path, examples: Sequence[Example]) -> None:
    """Write all files of the Space into `folder`, which must be new or empty.

    Raises:
        BundleError: a bundle is missing or damaged.
        InputError: the folder holds something, or this Passerby is not a clone with its
            pyproject.toml.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one for the Space")
    project = _project()
    for name in (DETECTOR, *CLASSIFIERS):
        bundle = open_bundle(models / name)
        shutil.copytree(bundle.path, folder / "models" / name, ignore=_LEFT_OUT)
    for part in _CODE:
        _copy(_ROOT / part, folder / part)
    write_examples(folder / "examples", examples)
    shutil.copy(_ROOT / "LICENSE", folder)
    texts = {
        "README.md": _readme(project),
        "requirements.txt": "\n".join(requirements(project)) + "\n",
        "app.py": _APP,
        ".gitattributes": _ATTRIBUTES,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def requirements(project: dict[str, Any]) -> list[str]:
    """What the demo needs from PyPI: our own dependencies, a TFLite runtime and Gradio."""
    extras = project["optional-dependencies"]
    demo = [one for one in extras["demo"] if not one.startswith("passerby[")]
    return [*project["dependencies"], *extras["litert"], *demo]


def _project() -> dict[str, Any]:
    try:
        text = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{_ROOT}: no pyproject.toml here ({error.strerror}), expected Passerby's clone: a "
            "Space is written from there"
        ) from error
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _readme(project: dict[str, Any]) -> str:
    pinned = next(one for one in project["optional-dependencies"]["demo"] if "gradio==" in one)
    return _README.format(
        gradio=pinned.partition("==")[2],
        models=" and ".join(f"`{name}`" for name in CLASSIFIERS),
        cards=", ".join(f"[{name}](models/{name}/CARD.md)" for name in CLASSIFIERS),
        detector=DETECTOR,
        attribution=ATTRIBUTION,
    )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT)
    else:
        shutil.copy(source, target)
