# SPDX-License-Identifier: Apache-2.0
"""`passerby bench`: what a frame costs on this machine."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device import settings
from device.settings import Settings
from device.verbs.arguments import whole_number

if TYPE_CHECKING:
    from device.pipeline import Pipeline
    from device.verbs.bench.measuring import Measurement

HELP = """\
Measure each stage of a frame (median and 95th percentile), frames per second and peak memory, with
the very pipeline that the daemon runs, and describe the machine beside them.

PATH is a picture, a folder, a ZIP or a scene file; without one, the committed scene is used, or the
pictures that came with the detector.
"""

_SCENE = Path(__file__).resolve().parents[3] / "tests" / "data" / "doorway.zip"
_MEBIBYTE = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure on, how long, for which reader."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="pictures or a scene")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--frames",
        type=whole_number(1, 100_000),
        default=200,
        metavar="N",
        help="frames (default: %(default)s)",
    )
    parser.add_argument("--models", type=Path, metavar="DIR", help="the folder of model bundles")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from device.clock import SystemClock  # noqa: PLC0415
    from device.verbs.bench.machine import describe_machine  # noqa: PLC0415
    from device.verbs.bench.measuring import measure  # noqa: PLC0415  numpy and the runtime load here
    from device.vitals import memory_bytes  # noqa: PLC0415

    loaded = settings.load(args.settings)
    if args.models is not None:
        models = dataclasses.replace(loaded.models, directory=args.models)
        loaded = dataclasses.replace(loaded, models=models)
    # Asked before the load that measuring itself puts on the machine.
    machine = describe_machine()
    pipeline, runtime = _pipeline(loaded)
    paths = args.paths or [_default_pictures(loaded)]
    measured = measure(pipeline, paths, frames=args.frames, clock=SystemClock())
    answer = {
        "pictures": [str(path) for path in paths],
        **dataclasses.asdict(measured),
        "memory": memory_bytes(),
        "runtime": runtime,
        "threads": loaded.models.threads,
        "bundles": dict(pipeline.bundles),
        "machine": machine,
    }
    print(json.dumps(answer, indent=2) if args.json else _as_text(measured, answer))
    return 0


def _pipeline(loaded: Settings) -> "tuple[Pipeline, str]":
    """The daemon's pipeline, and the name of the runtime that it got."""
    from device.bundle import open_bundle  # noqa: PLC0415
    from device.classifier import Classifier  # noqa: PLC0415
    from device.detector import Detector  # noqa: PLC0415
    from device.pipeline import Pipeline  # noqa: PLC0415
    from device.tracker import Tracker  # noqa: PLC0415

    threads, runtime = loaded.models.threads, loaded.models.runtime
    detector = Detector(open_bundle(loaded.detector_path), threads=threads, runtime=runtime)
    classifier = Classifier(open_bundle(loaded.classifier_path), threads=threads, runtime=runtime)
    pipeline = Pipeline(detector, classifier=classifier, tracker=Tracker(loaded.tracker.rules()))
    return pipeline, classifier.first.interpreter.runtime


def _default_pictures(loaded: Settings) -> Path:
    return _SCENE if _SCENE.is_file() else loaded.detector_path / "golden"


def _as_text(measured: "Measurement", answer: dict[str, Any]) -> str:
    machine, memory = answer["machine"], answer["memory"]
    lines = [
        f"{measured.frames} frames of {', '.join(answer['pictures'])} "
        f"({measured.width}x{measured.height}), {measured.faces} faces",
        "",
        f"{'stage':<10}{'median ms':>11}{'p95 ms':>9}{'frames':>8}",
    ]
    for name, stage in measured.stages.items():
        lines.append(f"{name:<10}{stage.median_ms:>11.3f}{stage.p95_ms:>9.3f}{stage.frames:>8}")
    cores = f"{machine['cores_usable']} of {machine['cores']} cores"
    runtimes = ", ".join(f"{name} {version}" for name, version in machine["runtimes"].items())
    lines += [
        "",
        f"frames per second  {measured.frames_per_second:.1f}",
        f"peak memory        {memory.get('peak_bytes', 0) / _MEBIBYTE:.1f} MiB resident",
        f"machine            {machine['board'] or machine['cpu']}, {cores}, "
        f"{machine['architecture']}, load {machine['load_average'][0]}",
        f"system             {machine['system']}, kernel {machine['kernel']}",
        f"software           Python {machine['python']}, numpy {machine['numpy']}, "
        f"Pillow {machine['pillow']}",
        f"runtime            {answer['runtime']} with {answer['threads']} thread(s); "
        f"installed: {runtimes}",
        *(f"{role:<19}{identity}" for role, identity in answer["bundles"].items()),
    ]
    return "\n".join(lines)
