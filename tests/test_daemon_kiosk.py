# SPDX-License-Identifier: Apache-2.0
"""The daemon as a process with a screen: an ordinary file as its framebuffer, read as one."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from daemons import PATIENCE_SECONDS, House, NewHouse
from kiosks import DOORWAY, rgb
from numpy.typing import NDArray
from PIL import Image

from device.control.request import Request
from device.displays import waiting
from device.displays.pixels import Geometry, file_geometry, unpacked
from device.errors import CameraError, NotRunningError
from device.overlay.layout import Area, lay_out
from device.overlay.panels import notice_bar, waiting_screen, words_panel
from device.overlay.theme import PLAIN
from device.pictures import decode, open_source

SIZE = (480, 320)
BILINEAR = Image.Resampling.BILINEAR
# The bar of the issue; measured here were 82 MB at 800x480 and 95 MB at 1920x1080.
PEAK_BYTES = 110_000_000


def screen_settings(path: Path, **more: object) -> dict[str, object]:
    size = f"{SIZE[0]}x{SIZE[1]}"
    settings = {"kind": "framebuffer", "device": str(path), "console": "", "size": size}
    return {**settings, **more}


def on_screen(path: Path, geometry: Geometry, degrees: int = 0) -> Image.Image:
    """What an onlooker sees, once a whole screen is there."""
    memory = np.frombuffer(path.read_bytes(), np.uint8)
    picture = unpacked(geometry.visible(memory), geometry.pixel)
    return picture.rotate(degrees, expand=True)  # against the clock: back to upright


def part(picture: Image.Image, area: Area) -> NDArray[np.float64]:
    (x, y), (width, height) = area.at, area.size
    return np.asarray(picture.crop((x, y, x + width, y + height)), np.float64)


def wait_for_box(house: House, look: Callable[[], Image.Image]) -> Image.Image:
    """The first screen on which there is a box of any answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        picture = look()
        pixels = part(picture, lay_out(picture.size, (640, 480)).picture)
        for colour in (PLAIN.female, PLAIN.male, PLAIN.unsure):
            if (np.abs(pixels - rgb(colour)).max(axis=2) < 9).sum() > 200:
                return picture
        assert house.processes[0].poll() is None, house.log.read_text()
        time.sleep(0.02)
    raise AssertionError(f"no box: {house.log.read_text()}")


@pytest.fixture(scope="module")
def frames(doorway: Path) -> list[NDArray[np.uint8]]:
    with open_source(doorway) as source:
        return [decode(source.read(name), name=name) for name in source.names]


def nearest(frames: list[NDArray[np.uint8]], shown: NDArray[np.float64]) -> float:
    """The median difference in grey levels from the frame that it shows."""
    height, width = shown.shape[:2]
    small = [Image.fromarray(one).resize((width, height), BILINEAR) for one in frames]
    return min(float(np.median(np.abs(np.asarray(one) - shown))) for one in small)


@pytest.mark.parametrize(("bits", "degrees"), [(32, 0), (16, 90)])
def test_shows_picture_boxes_notice_and_counts(
    new_house: NewHouse,
    tmp_path: Path,
    frames: list[NDArray[np.uint8]],
    bits: int,
    degrees: int,
) -> None:
    path = tmp_path / "fb"
    house = new_house(
        display=screen_settings(path, bits=bits, rotation=degrees),
        camera={"path": str(DOORWAY), "loop": True},
    )
    process = house.start()
    house.wait_frames(1)
    geometry = file_geometry(SIZE, bits)
    shades = 1 if bits == 32 else 9
    seen = wait_for_box(house, lambda: on_screen(path, geometry, degrees))
    layout = lay_out(seen.size, (640, 480))
    bar = np.asarray(notice_bar(layout.notice.size, theme=PLAIN), np.float64)
    assert np.abs(part(seen, layout.notice) - bar).max() < shades
    assert nearest(frames, part(seen, layout.picture)) < shades + 3
    assert (part(seen, layout.counts) > 200).any()
    assert house.status()["memory"]["peak_bytes"] <= PEAK_BYTES
    house.ask(Request("pause"))
    paused = np.asarray(
        words_panel(
            layout.picture.size, "paused: nobody is looked at", text=layout.text, theme=PLAIN
        )
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while np.abs(part(on_screen(path, geometry, degrees), layout.picture) - paused).max() >= shades:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert house.stop(process) == 0
    assert not any(path.read_bytes())


WATCHED = """
import shutil, sys
import device.app
from device.errors import BundleError
screen, copy = sys.argv[1:3]

def first(path):
    shutil.copyfile(screen, copy)
    loaded = {"ai_edge_litert", "tflite_runtime"} & set(sys.modules)
    raise BundleError(f"asked for {path.name}, with {sorted(loaded)} loaded")

device.app.open_bundle = first
from device.cli import main
sys.exit(main(sys.argv[3:]))
"""


def test_the_first_paint_comes_before_any_model(
    new_house: NewHouse, tmp_path: Path, doorway: Path
) -> None:
    path, copy = tmp_path / "fb", tmp_path / "copy"
    house = new_house(display=screen_settings(path), camera={"path": str(doorway)})
    words = house.command("run")[3:]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(path), str(copy), *words],
        env=house.environment(),
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert b"asked for blazeface-short, with [] loaded" in done.stderr
    assert done.returncode == 20
    painted = on_screen(copy, file_geometry(SIZE, 32))
    expected = waiting_screen(SIZE, "loading the models", theme=PLAIN)
    assert (np.asarray(painted) == np.asarray(expected)).all()
    assert not any(path.read_bytes())


def test_the_picture_stays_smooth_while_nobody_is_there(
    new_house: NewHouse, tmp_path: Path
) -> None:
    """Idling is for daemons without a screen, as test_daemon_limits.py shows."""
    house = new_house(
        daemon={"idle_seconds": 0.2, "idle_frames_per_second": 1.0, "max_frames_per_second": 20.0},
        display=screen_settings(tmp_path / "fb"),
        camera={"source": "fake", "frames_per_second": 20},
    )
    process = house.start()
    while house.wait_frames(10)["uptime_seconds"] < 1.0:
        assert process.poll() is None
    told = house.wait_frames(20)
    assert told["last_face"] is None
    assert told["resources"]["rate"] == 20.0
    assert told["resources"]["rate_reason"] == "full"
    assert house.stop(process) == 0


def test_counts_of_earlier_runs_are_in_the_store_still(
    new_house: NewHouse, tmp_path: Path, doorway: Path
) -> None:
    """A second run opens the store of the first for its counts, and adds to it."""
    path = tmp_path / "fb"
    house = new_house(display=screen_settings(path), camera={"path": str(doorway)})
    for _ in range(2):
        assert house.start("--once", "--fast").wait(PATIENCE_SECONDS) == 0
    assert len(house.stored()) == len(house.visits()) > 10
    assert "counts from zero" not in house.log.read_text()


def why_refused(house: House) -> str:
    """What a capture hears from the daemon, once it listens, while the camera is lost."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            house.ask(Request("capture"))
        except CameraError as error:
            return str(error)
        except NotRunningError:
            time.sleep(0.02)
    raise AssertionError(f"never refused: {house.log.read_text()}")


def test_the_screen_says_why_there_is_no_picture(new_house: NewHouse, tmp_path: Path) -> None:
    """In the words that a capture is refused with."""
    path, faults = tmp_path / "fb", tmp_path / "faults"
    faults.write_text("absent 0 inf")
    house = new_house(
        display=screen_settings(path),
        camera={"source": "fake"},
        **{
            "camera.fake": {"faults_path": str(faults)},
            "camera.recovery": {"attempts": 1, "probe_seconds": 3600},
        },
    )
    supervised = {"NOTIFY_SOCKET": "/nowhere"}
    assert house.start(environment=supervised).wait(PATIENCE_SECONDS) == 10
    process = house.start(environment=supervised)
    words = waiting.camera_lost(why_refused(house))
    assert "degraded" in words
    shown = on_screen(path, file_geometry(SIZE, 32))
    assert (np.asarray(shown) == np.asarray(waiting_screen(SIZE, words, theme=PLAIN))).all()
    assert house.stop(process) == 0


def test_no_screen_is_an_error_of_its_own(
    new_house: NewHouse, tmp_path: Path, doorway: Path
) -> None:
    missing = {"kind": "framebuffer", "device": str(tmp_path / "fb0"), "console": ""}
    house = new_house(display=missing, camera={"path": str(doorway)})
    done = house.call("run")
    assert done.returncode == 55
    assert "expected a framebuffer" in done.stderr.decode()


def test_a_screen_that_comes_later_is_waited_for(new_house: NewHouse, tmp_path: Path) -> None:
    """Where somebody supervises; a stop ends the wait in good order."""
    supervised = {"NOTIFY_SOCKET": "/nowhere"}
    path = tmp_path / "later" / "fb"
    house = new_house(display=screen_settings(path), camera={"path": str(DOORWAY), "loop": True})
    for comes in (True, False):
        process = house.start(environment=supervised)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "looking for it for 60 s" not in house.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if comes:
            path.parent.mkdir()
            house.wait_frames(1)
            assert any(path.read_bytes())
        assert house.stop(process) == 0
        if comes:
            path.unlink()
            path.parent.rmdir()
            house.log.write_bytes(b"")


def test_a_window_leaves_standard_output_to_the_journal(new_house: NewHouse, doorway: Path) -> None:
    pytest.importorskip("pygame")
    house = new_house(display={"kind": "window"}, camera={"path": str(doorway)})
    process = house.start("--once", "--fast", environment={"SDL_VIDEODRIVER": "dummy"})
    assert process.wait(PATIENCE_SECONDS) == 0, house.log.read_text()
    assert len(house.visits()) > 5
    assert all(json.loads(line) for line in house.journal.read_bytes().splitlines())


def test_without_a_window_system_a_sentence_says_so(new_house: NewHouse, doorway: Path) -> None:
    pytest.importorskip("pygame")
    house = new_house(display={"kind": "window"}, camera={"path": str(doorway)})
    process = house.start(environment={"SDL_VIDEODRIVER": "x11", "DISPLAY": ":987"})
    assert process.wait(PATIENCE_SECONDS) == 55
    assert "no window can be opened" in house.log.read_text()
