# SPDX-License-Identifier: Apache-2.0
"""`python -m training studio`: the web page over all the other verbs."""

import argparse
import importlib.util
import os
import socket
import sys
from pathlib import Path
from typing import Final

from device.errors import RuntimeMissingError
from device.places import default_state_directory
from training.verbs.common import within

HELP = """\
Opens a web page on this machine that leads from a ZIP of labelled pictures to a bundle for the
device: upload, look, train, judge, predict, ship. Training runs in a process of its own, which goes
on when the page is closed; opened again, the page finds it.

  python -m training studio
  python -m training studio --home work/studio --port 8600 --no-browser

The page answers this machine only (127.0.0.1). Pictures stay in the studio's folder.
"""
HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 8501
MAX_UPLOAD_MB: Final = 2048

# Streamlit's own options.
OPTIONS: Final = {
    "server.address": HOST,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": MAX_UPLOAD_MB,
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "runner.magicEnabled": "false",
    "logger.level": "error",
    "logger.hideWelcomeMessage": "true",
    "theme.base": "light",
    "theme.primaryColor": "#0f766e",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f1f5f4",
    "theme.textColor": "#1b2a2f",
    "theme.baseRadius": "0.4rem",
    "theme.headingFontSizes": '["2rem","1.5rem","1.2rem","1.05rem","1rem","0.9rem"]',
    "theme.metricValueFontSize": "1.6rem",
    "theme.paddingTop": "0.5rem",
    "theme.paddingBottom": "3rem",
    "theme.chartCategoricalColors": '["#b45309","#0f766e","#475569","#7c3aed","#be123c","#0369a1"]',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where its state is kept, and where it answers."""
    parser.add_argument(
        "--home",
        type=Path,
        default=default_folder(),
        metavar="DIR",
        help=f"folder for all of its state (default: {default_folder()})",
    )
    parser.add_argument(
        "--port",
        type=within(int, 1, 65535),
        metavar="N",
        help=f"where it answers (default: the first free one from {FIRST_PORT} on)",
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser")


def run(args: argparse.Namespace) -> int:
    """Become Streamlit.

    Raises:
        RuntimeMissingError: Streamlit is not installed.
    """
    from training.studio.entry import __file__ as entry  # noqa: PLC0415

    if importlib.util.find_spec("streamlit") is None:
        raise RuntimeMissingError(
            "streamlit is not installed; the studio needs it: pip install 'passerby[studio]'"
        )
    home = args.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    port = args.port or free_port(FIRST_PORT)
    headless = args.no_browser or not (
        sys.platform in ("darwin", "win32")
        or os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
    )
    options = OPTIONS | {"server.port": port, "server.headless": str(headless).lower()}
    print(f"the studio: http://{HOST}:{port}  (its folder: {home}; Ctrl+C ends it)", flush=True)
    words = [sys.executable, "-m", "streamlit", "run", str(Path(entry).with_name("page.py"))]
    words += [f"--{name}={value}" for name, value in options.items()]
    os.execv(sys.executable, [*words, "--", "--home", str(home)])  # noqa: S606  nothing to quote


def default_folder() -> Path:
    """Where the studio keeps its state when nobody says."""
    return default_state_directory().with_name("passerby-studio")


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on, else any."""
    for port in (*range(first, first + 50), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("port 0 is always free")
