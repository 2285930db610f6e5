# SPDX-License-Identifier: Apache-2.0
"""Serves the demo until it is told to stop: the folder for uploads, the models, the page."""

import ctypes
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from training.demo.examples import Example
from training.demo.uploads import Waiting

DETECTOR = "blazeface-short"
CLASSIFIERS = ("default", "tiny")
# mallopt(3): memory of a mebibyte and more is the kernel's again as soon as it is freed, and the
# threads, of which Gradio has many, share two heaps. Left alone, glibc keeps what pictures freed:
# the peak of tests/browser/test_demo.py was 301 MiB, and is 260 with this.
_MMAP_THRESHOLD = (-3, 2**20)
_ARENAS = (-8, 2)
# What Gradio and what comes with it would tell others, or fetch from them.
_SILENT = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}


def serve(
    models: Path,
    *,
    examples: Sequence[Example],
    host: str | None = None,
    port: int | None = None,
    on_ready: Callable[[str], object] = print,
) -> None:
    """Serve the page until SIGTERM or SIGINT, and leave no upload behind.

    Args:
        models: the folder of bundles.
        examples: example pictures.
        host: the address to listen on; None for the environment's choice or 127.0.0.1.
        port: the port; None for a free one from 7860 on.
        on_ready: told the page's address when it answers.

    Raises:
        BundleError: a bundle is missing or damaged.
        RuntimeMissingError: no TFLite runtime can be loaded.
    """
    _give_freed_memory_back()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # Gradio's questions to itself
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Waiting() as waiting:
        os.environ |= _SILENT | {"GRADIO_TEMP_DIR": str(waiting.folder)}
        # Gradio reads its environment when it is imported.
        from training.demo.page import build, launch  # noqa: PLC0415
        from training.demo.seeing import JPEG_LIMITS, Looker  # noqa: PLC0415

        looker = Looker(models, detector=DETECTOR, classifiers=CLASSIFIERS)
        for example in examples[:1]:  # so that nobody waits for a runtime's first look
            for model in looker.models:
                looker.look(example.jpeg, model=model)
        page = build(looker, waiting=waiting, examples=examples)
        on_ready(launch(page, host=host, port=port, max_bytes=JPEG_LIMITS.max_entry_bytes))
        stop.wait()
        page.close(verbose=False)


def _give_freed_memory_back() -> None:
    """Where the C library is not glibc, nothing changes."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option, value in (_MMAP_THRESHOLD, _ARENAS):
        mallopt(option, value)
