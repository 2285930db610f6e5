# SPDX-License-Identifier: Apache-2.0
"""Imports run only the way that the plan of the house allows, and files keep their size."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A heavy or awkward package and the only files (or folders) that may import it.
DOORS = {
    "ai_edge_litert": ("device/interpreter.py",),
    "tflite_runtime": ("device/interpreter.py",),
    "picamera2": ("device/cameras/picamera.py",),
    "libcamera": ("device/cameras/picamera.py",),
    "linuxpy": ("device/cameras/v4l2.py",),
    "pygame": ("device/displays/window.py",),
    "matplotlib": ("device/verbs/report/plot.py", "training/"),
    "tensorflow": ("training/backend.py",),
    "tf_keras": ("training/backend.py",),
    "tensorflow_model_optimization": ("training/qat.py",),
    "h5py": ("training/",),
    "streamlit": ("training/studio/",),
    "altair": ("training/studio/",),
    "gradio": ("training/demo/page.py",),
}
NEVER = {"cv2", "dlib", "mediapipe", "torch", "keras"}
# training may use these rooms of the device: one preprocessing, one reader of bundles.
LENT = {
    "bundle",
    "classifier",
    "detector",
    "errors",
    "imaging",
    "interpreter",
    "overlay",
    "pictures",
    "places",
    "pipeline",
    "records",
    "stills",
    "tracker",
}
# What a room of the device must not import; "*" is every other room.
FORBIDDEN = {
    "records": {"*"},
    "errors": {"*"},
    "imaging": {"bundle", "interpreter", "detector", "classifier", "pipeline"},
    "interpreter": {"bundle", "detector", "classifier", "pipeline", "daemon", "app", "cli"},
    "detector": {"classifier", "tracker", "pipeline", "daemon", "app", "cli", "settings"},
    "classifier": {"detector", "tracker", "pipeline", "daemon", "app", "cli", "settings"},
    "tracker": {"detector", "classifier", "pipeline", "daemon", "app", "cli", "settings"},
    "pipeline": {"daemon", "app", "cli", "settings", "store", "cameras", "sinks", "displays"},
    "daemon": {"app", "cli", "settings", "store"},
    "cameras": {"daemon", "app", "cli", "pipeline", "detector", "classifier", "settings"},
    "displays": {"daemon", "app", "cli", "pipeline", "detector", "classifier", "settings"},
    "sinks": {"daemon", "app", "cli", "pipeline", "detector", "classifier", "settings"},
    "store": {"daemon", "app", "cli", "pipeline", "detector", "classifier", "settings"},
    "control": {"app", "cli", "settings"},
    "supervisor": {"app", "cli", "settings"},
    "settings": {"app", "cli", "daemon", "pipeline"},
    "app": {"cli", "verbs"},
}


def sources() -> list[Path]:
    return sorted(
        path.relative_to(ROOT)
        for folder in ("device", "training")
        for path in (ROOT / folder).rglob("*.py")
    )


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, in functions too, but not for type checkers only."""
    tree = ast.parse((ROOT / path).read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sources(), ids=str)
def test_imports_run_the_way_of_the_plan(path: Path) -> None:
    room = path.parts[1].removesuffix(".py")
    for name in imports(path):
        top, *rest = name.split(".")
        assert top not in NEVER, f"{path} imports {top}"
        if top in DOORS:
            allowed = any(str(path).startswith(door) for door in DOORS[top])
            assert allowed, f"{path} imports {top}, whose door is {DOORS[top]}"
        if path.parts[0] == "device":
            assert top != "training", f"{path} imports training"
            if top == "device" and rest:
                forbidden = FORBIDDEN.get(room, set())
                assert "*" not in forbidden or rest[0] == room, f"{path} imports {name}"
                assert rest[0] not in forbidden, f"{path} imports {name}"
        elif top == "device" and rest and rest[0] != "__version__":
            assert rest[0] in LENT, f"{path} imports {name}, which is not lent to training"


def test_the_walk_sees_a_wrong_arrow() -> None:
    """The check can fail: its own reading of a file finds an import inside a function."""
    assert "device.detector.Detector" in imports(Path("device/bundle/golden.py"))


@pytest.mark.parametrize("path", sources(), ids=str)
def test_modules_and_functions_keep_their_size(path: Path) -> None:
    text = (ROOT / path).read_text()
    assert text.count("\n") <= 250, f"{path} has {text.count(chr(10))} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 50, f"{path}: {node.name} has {length} lines"


@pytest.mark.parametrize(
    "command", ["import device", "from device.cli import main; main(['--help'])"]
)
def test_import_and_help_load_neither_numpy_nor_a_runtime(command: str) -> None:
    code = f"""
import sys
try:
    {command}
except SystemExit:
    pass
heavy = {{"numpy", "ai_edge_litert", "tflite_runtime"}} & set(sys.modules)
sys.exit(f"loaded: {{heavy}}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
