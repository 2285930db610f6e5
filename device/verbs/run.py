# SPDX-License-Identifier: Apache-2.0
"""`passerby run`: the daemon, in the foreground, until it is stopped or the recording ends."""

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import EXIT_OK

if TYPE_CHECKING:
    from device.settings import Settings

HELP = """\
Watch the camera: find faces, follow them, estimate perceived gender, count visits. Each ended visit
is a line of JSON on standard output and a row in the store; pictures are never kept. Runs in the
foreground until SIGTERM, Ctrl-C or the end of a recording; options go before what the settings say.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own options."""
    parser.add_argument(
        "--camera", choices=("replay", "picamera", "v4l2", "fake"), help="the kind of camera"
    )
    parser.add_argument(
        "--path", type=Path, help="what replay plays: a folder or ZIP of pictures, or a scene"
    )
    parser.add_argument(
        "--kiosk",
        action="store_true",
        help="show the picture: on the screen of the settings, else on the framebuffer",
    )
    parser.add_argument("--once", action="store_true", help="stop at the recording's end")
    parser.add_argument(
        "--fast", action="store_true", help="play every frame as fast as it can be looked at"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="also print one line of JSON for each frame"
    )


def run(args: argparse.Namespace) -> int:
    """Run the daemon; 0 after an orderly end."""
    from device.app import open_daemon  # noqa: PLC0415  loads numpy and the runtime
    from device.settings import load  # noqa: PLC0415
    from device.stopping import StopRequested  # noqa: PLC0415

    with suppress(StopRequested), open_daemon(overridden(load(args.settings), args)) as daemon:
        daemon.run()
    return EXIT_OK


def overridden(settings: "Settings", args: argparse.Namespace) -> "Settings":
    """The settings with what the command line says otherwise."""
    camera, journal = settings.camera, settings.journal
    camera = replace(
        camera,
        source=args.camera or camera.source,
        path=args.path or camera.path,
        loop=camera.loop and not args.once,
        fast=camera.fast or args.fast,
    )
    journal = replace(journal, verbose=journal.verbose or args.verbose)
    display = settings.display
    if args.kiosk and display.kind == "none":
        display = replace(display, kind="framebuffer")
    return replace(settings, camera=camera, journal=journal, display=display)
