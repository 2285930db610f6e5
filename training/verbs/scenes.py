# SPDX-License-Identifier: Apache-2.0
"""`training scenes`: compose people walking past, and measure how well the device counts them."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from device.errors import EXIT_OK, InputError

if TYPE_CHECKING:
    from device.classifier import Classifier
    from device.detector import Detector
    from training.scenes.scoring import SceneScore

T = TypeVar("T")

HELP = """\
Compose scenes of people walking past from labelled face pictures (--write), each with the truth
about who is where in which frame, and let the device's own detector, classifier and tracker watch
them (--evaluate): visits counted beside true ones, and perceived gender beside the labels. Nothing
of it needs TensorFlow. The same seed, pictures and library versions give the same scene.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own options."""
    parser.add_argument(
        "sources",
        nargs="+",
        type=Path,
        metavar="PICTURES_OR_SCENE",
        help="one labelled dataset to compose from, or scene files to evaluate",
    )
    parser.add_argument(
        "--write", type=Path, metavar="PATH", help="a folder to keep the scenes in, or one FILE.zip"
    )
    parser.add_argument("--evaluate", action="store_true", help="watch the scenes and score")
    parser.add_argument("--count", type=int, default=1, help="how many scenes (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first (default: 0)")
    parser.add_argument("--people", type=int, default=10, help="who pass in each (default: 10)")
    parser.add_argument("--rate", type=float, default=10.0, help="frames a second (default: 10)")
    parser.add_argument("--noise", type=float, default=2.5, help="in grey levels (default: 2.5)")
    parser.add_argument("--quality", type=int, default=85, help="of the JPEGs (default: 85)")
    parser.add_argument(
        "--models", type=Path, default=Path("models"), help="folder of bundles (default: models)"
    )
    parser.add_argument("--detector", default="blazeface-short", help="name of its bundle")
    parser.add_argument("--classifier", default="default", help="its bundle, or none to only count")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Compose, evaluate or both."""
    if not args.write and not args.evaluate:
        raise InputError("neither --write nor --evaluate: say what to do with the scenes")
    if min(args.count, args.people) < 1 or args.rate <= 0:
        raise InputError("--count, --people and --rate must be above zero")
    with ExitStack() as stack:
        paths = list(_scene_paths(args, stack))
        if args.evaluate:
            _report(_evaluate(args, paths), as_json=args.json)
        else:
            print("\n".join(map(str, paths)))
    return EXIT_OK


def _scene_paths(args: argparse.Namespace, stack: ExitStack) -> Iterator[Path]:
    """The scene files named, or those composed from the dataset named."""
    from device.pictures import open_source  # noqa: PLC0415  numpy and Pillow only when needed
    from training.scenes.truth import SCENE_FILE  # noqa: PLC0415

    for source in args.sources:
        with open_source(source) as opened:
            composed = SCENE_FILE in opened.others
        if composed:
            yield source
        else:
            yield from _compose(args, source, stack)


def _compose(args: argparse.Namespace, source: Path, stack: ExitStack) -> Iterator[Path]:
    from training.datasets import open_dataset  # noqa: PLC0415
    from training.scenes.casting import credits_for, portraits  # noqa: PLC0415
    from training.scenes.files import write_scene  # noqa: PLC0415
    from training.scenes.generate import stage  # noqa: PLC0415
    from training.scenes.plan import SceneOptions  # noqa: PLC0415

    target = args.write or Path(stack.enter_context(tempfile.TemporaryDirectory()))
    single = target.suffix == ".zip"
    if single and args.count > 1:
        raise InputError(f"{target}: one file for {args.count} scenes, expected a folder")
    (target.parent if single else target).mkdir(parents=True, exist_ok=True)
    options = SceneOptions(
        people=args.people,
        frames_per_second=args.rate,
        noise=args.noise,
        jpeg_quality=args.quality,
    )
    with open_dataset(source) as dataset:
        cast = portraits(dataset)
        for seed in _progress(range(args.seed, args.seed + args.count), "composing"):
            path = target if single else target / f"scene-{seed}.zip"
            write_scene(path, stage(cast, seed=seed, options=options), credits_for(dataset))
            yield path


def _evaluate(args: argparse.Namespace, paths: Sequence[Path]) -> list["SceneScore"]:
    from training.scenes.scoring import score_scene  # noqa: PLC0415
    from training.scenes.watching import watch  # noqa: PLC0415

    detector, classifier = _models(args)
    return [
        score_scene(watch(path, detector=detector, classifier=classifier))
        for path in _progress(paths, "watching")
    ]


def _models(args: argparse.Namespace) -> tuple["Detector", "Classifier | None"]:
    from device.bundle import open_bundle  # noqa: PLC0415
    from device.classifier import Classifier  # noqa: PLC0415
    from device.detector import Detector  # noqa: PLC0415

    detector = Detector(open_bundle(args.models / args.detector))
    if args.classifier == "none":
        return detector, None
    return detector, Classifier(open_bundle(args.models / args.classifier))


def _report(scores: Sequence["SceneScore"], *, as_json: bool) -> None:
    from training.scenes.scoring import total  # noqa: PLC0415
    from training.scenes.tables import as_table  # noqa: PLC0415

    if as_json:
        scenes = [asdict(score) for score in scores]
        print(json.dumps({"total": asdict(total(scores)), "scenes": scenes}))
    else:
        print(as_table(scores))


def _progress(items: Sequence[T], what: str) -> Iterator[T]:
    """A bar on a terminal, nothing elsewhere."""
    yield from tqdm(items, desc=what, unit="scene", disable=not sys.stderr.isatty())
