# SPDX-License-Identifier: Apache-2.0
"""The window of SDL2: on its dummy driver everywhere, and on a real X server where Xvfb is."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kiosks import doorway_frame
from numpy.typing import NDArray
from PIL import Image

from device.displays.window import WindowSurface
from device.errors import DisplayError

pygame = pytest.importorskip("pygame")
ROOT = Path(__file__).parent.parent
SIZE = (800, 480)

SHOW = """
import sys, time
from kiosks import SIGHTINGS, doorway_frame, frame, seen
from device.clock import SystemClock
from device.displays import make_display
from device.displays.options import ScreenOptions

with make_display(ScreenOptions(kind="window", size=eval(sys.argv[1])), clock=SystemClock()) as it:
    it.show(frame(doorway_frame()), seen(*SIGHTINGS))
    print("shown", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def contents() -> NDArray[np.uint8]:
    surface = pygame.display.get_surface()
    pixels: NDArray[np.uint8] = pygame.surfarray.array3d(surface).swapaxes(0, 1)
    return pixels


@pytest.mark.usefixtures("dummy")
def test_shows_pictures_where_they_are_put() -> None:
    part = Image.fromarray(doorway_frame()).resize((100, 70))
    expected = Image.new("RGB", (320, 240))
    with WindowSurface((320, 240)) as window:
        assert window.size == (320, 240)
        for at in ((0, 0), (220, 170)):
            window.put(part, at)
            expected.paste(part, at)
        window.present()
        assert (contents() == np.asarray(expected)).all()
    assert not pygame.display.get_init()


@pytest.mark.usefixtures("dummy")
def test_closing_it_is_a_wish_to_stop() -> None:
    asked: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    try:
        with WindowSurface((320, 240)) as window:
            window.present()
            assert asked == []
            pygame.event.post(pygame.event.Event(pygame.QUIT))
            window.present()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert asked == [signal.SIGTERM]


def test_no_screen_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "no-such-driver")
    with pytest.raises(DisplayError, match="no window can be opened"), WindowSurface(None):
        pass


def test_without_pygame_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(DisplayError, match=r"passerby\[window\]"), WindowSurface(None):
        pass


@pytest.fixture
def x_server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A display's name and the file in which its pixels lie (an X window dump)."""
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb here: apt install xvfb")
    reader, writer = os.pipe()
    words = [
        "-displayfd",
        str(writer),
        "-screen",
        "0",
        f"{SIZE[0]}x{SIZE[1]}x24",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(
        ["Xvfb", *words, "-fbdir", str(tmp_path)], pass_fds=[writer], stderr=subprocess.DEVNULL
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as tell:
            number = tell.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}", tmp_path / "Xvfb_screen0"
    finally:
        server.terminate()
        server.wait(30)


def dumped(path: Path) -> Image.Image:
    """The pixels of an X window dump (XWDFile.h: big-endian words, then colours, then rows)."""
    data = path.read_bytes()
    words = np.frombuffer(data[:100], ">u4")
    start = int(words[0]) + 12 * int(words[19])
    line = int(words[12])
    rows = np.frombuffer(data[start : start + line * SIZE[1]], np.uint8).reshape(SIZE[1], line)
    return Image.fromarray(np.ascontiguousarray(rows.reshape(SIZE[1], -1, 4)[:, :, 2::-1]))


@pytest.mark.parametrize("size", [None, (480, 320)])
def test_on_an_x_server_it_is_seen(
    x_server: tuple[str, Path], size: tuple[int, int] | None
) -> None:
    name, pixels = x_server
    environment = {**os.environ, "DISPLAY": name, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    environment.pop("SDL_VIDEODRIVER", None)
    shower = subprocess.Popen(
        [sys.executable, "-c", SHOW, repr(size)],
        env={**environment, "SDL_VIDEODRIVER": "x11"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with shower:
        assert shower.stdout is not None
        assert shower.stdout.readline() == b"shown\n"
        screen = dumped(pixels)
        assert shower.stdin is not None
        shower.stdin.close()
        assert shower.wait(60) == 0
    if folder := os.environ.get("PASSERBY_SCREENSHOTS"):
        screen.save(Path(folder) / f"window-{size}.png")
    found = np.asarray(screen)
    for colour in ((0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9), (0xF0, 0x56, 0x3D)):
        assert (found == colour).all(axis=2).sum() > 50
