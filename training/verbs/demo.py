# SPDX-License-Identifier: Apache-2.0
"""`python -m training demo`: a page that tries the shipped models on pictures."""

import argparse
import importlib.util
from pathlib import Path

from device.errors import RuntimeMissingError

HELP = """\
Serves one page: upload a picture or take one with the webcam, and see every face with its perceived
gender, confidence or unsure, and the milliseconds it took. Uses the shipped bundles with a TFLite
runtime and Gradio; TensorFlow is not needed. Nothing that is uploaded is kept.

  pip install '.[demo]'
  python -m training demo
  python -m training demo --space my-space     # writes a Hugging Face Space instead
"""

_FACES = Path(__file__).resolve().parents[2] / "tests" / "data" / "faces"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen, which models, or where to write a Space."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1, this machine only)",
    )
    parser.add_argument("--port", type=int, help="port (default: a free one from 7860 on)")
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="folder of bundles (default: the shipped ones)"
    )
    parser.add_argument(
        "--faces",
        type=Path,
        default=_FACES,
        metavar="DIR",
        help="labels.csv and pictures/ to put examples together from (default: tests/data/faces)",
    )
    parser.add_argument(
        "--space", type=Path, metavar="DIR", help="write the files of a Space into an empty folder"
    )


def run(args: argparse.Namespace) -> int:
    """Serve the page, or write the Space.

    Raises:
        BundleError: a bundle is missing or damaged.
        InputError: there are no example pictures, or the Space's folder is not empty.
        RuntimeMissingError: gradio or a TFLite runtime is not installed.
    """
    from device.places import shipped_models  # noqa: PLC0415
    from training.demo.examples import compose_examples  # noqa: PLC0415

    models = args.models or shipped_models()
    if args.space is not None:
        from training.demo.space import write_space  # noqa: PLC0415

        write_space(args.space, models=models, examples=compose_examples(args.faces))
        print(f"{args.space}: push these files to a Space, or run {args.space / 'app.py'}")
        return 0
    if importlib.util.find_spec("gradio") is None:
        raise RuntimeMissingError(
            "gradio is not installed; the demo needs it: pip install 'passerby[demo]'"
        )
    from training.demo.serving import serve  # noqa: PLC0415

    examples = compose_examples(args.faces) if args.faces.is_dir() else ()
    serve(models, examples=examples, host=args.host, port=args.port, on_ready=_tell)
    return 0


def _tell(address: str) -> None:
    print(f"The demo is at {address} (Ctrl-C ends it)", flush=True)
