# SPDX-License-Identifier: Apache-2.0
"""What every camera keeps to: replay, the fake sensor in all its layouts, and what is real here.

A webcam is there too whose driver alone is made up: all above its ioctls is real.

The Pi's camera runs where picamera2 can be imported and libcamera knows a camera (a virtual one
will do: tests/system/picamera2), webcams where there is a /dev/video* (`modprobe vivid` makes one).
Where these show the pictures of the folder $PASSERBY_SHOWN, their colours are compared with it.
"""

import errno
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from linuxpy_shape import Node, World
from numpy.typing import NDArray
from PIL import Image
from walkers import LENGTH, shades, write_folder, write_scene

from device.cameras import Wish, make_camera
from device.cameras.fake import FakeSensor, Fault, card
from device.cameras.finding import Found, NoneFound, find_cameras
from device.cameras.layouts import FORMATS
from device.cameras.sensor import SensorCamera
from device.clock import ManualClock, SystemClock
from device.errors import BusyError, CameraError, CameraStalledError
from device.protocols import Camera, Clock

PADDING = 32
SIZE = (640, 480)
STEP = 8


@dataclass
class Rig:
    """One kind of camera, with ways to make it misbehave where there are any."""

    make: Callable[[Wish], Camera]
    clock: Clock
    wish: Wish
    live: bool = True
    unplug: Callable[[], None] | None = None
    stall: Callable[[Camera], None] | None = None
    shown: Callable[[], list[NDArray[np.uint8]]] | None = None
    holds_alone: bool = True

    def open(self, **changes: object) -> Camera:
        return self.make(replace(self.wish, **changes))  # type: ignore[arg-type]


def replay_rig(kind: str, folder: Path) -> Rig:
    clock = ManualClock()
    if kind == "folder":
        path = write_folder(folder / "frames", shades())
    elif kind == "scene":
        path = write_scene(folder / "scene.zip", shades())
    else:
        path = folder / "frames.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number, data in enumerate(shades()):
                archive.writestr(f"{number}.jpg", data)

    def unplug() -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            os.truncate(path, 0)
            path.unlink()

    return Rig(
        lambda wish: make_camera("replay", wish, clock=clock),
        clock,
        Wish(path=path, frames_per_second=10, loop=True),
        live=False,
        unplug=unplug,
    )


def fake_rig(format_: str, folder: Path) -> Rig:
    clock = ManualClock()
    faults: list[Fault] = []
    target = folder / "frames"
    target.mkdir()
    Image.fromarray(card(*SIZE)).save(target / "0.png")

    def make(wish: Wish) -> Camera:
        sensor = FakeSensor(faults=lambda: faults[-1] if faults else None, clock=clock)
        return SensorCamera(sensor, wish=wish, clock=clock)

    return Rig(
        make,
        clock,
        Wish(path=target, fake_format=format_, fake_padding_bytes=PADDING, frames_per_second=10),
        unplug=lambda: faults.append("absent"),
        stall=lambda camera: faults.append("stall"),
        shown=lambda: [card(*SIZE)],
    )


def webcam_rig(format_: str, folder: Path, patch: pytest.MonkeyPatch) -> Rig:
    world = World(folder, patch, ManualClock())
    node = Node(formats={"VIDEO_CAPTURE": [format_]}, padding=PADDING)
    path = world.plug("video0", node)

    def stall(_: Camera) -> None:
        node.silent = True

    return Rig(
        lambda wish: make_camera("v4l2", wish, clock=world.clock),
        world.clock,
        Wish(path=path),
        unplug=lambda: node.fails.update(dict.fromkeys(("DQBUF", "STREAMOFF"), errno.ENODEV)),
        stall=stall,
        shown=lambda: [card(*SIZE)],
    )


def real_rig(kind: str) -> Rig:
    answers = [answer for answer in find_cameras() if answer.kind == kind]
    found = next((answer for answer in answers if isinstance(answer, Found)), None)
    if found is None:
        reasons = [answer.reason for answer in answers if isinstance(answer, NoneFound)]
        pytest.skip(f"no {kind} camera here: {'; '.join(reasons)}")
    clock = SystemClock()
    folder = os.environ.get("PASSERBY_SHOWN", "")

    def shown() -> list[NDArray[np.uint8]]:
        if not folder or kind != "picamera":
            pytest.skip("what this camera shows is not known: set PASSERBY_SHOWN")
        paths = sorted(Path(folder).glob("*.jpg"))
        return [np.asarray(Image.open(path).convert("RGB")) for path in paths]

    def kill_listener(camera: Camera) -> None:
        manager = camera._sensor._camera._cm  # type: ignore[attr-defined]
        manager.running = False
        manager.thread.join()

    path = Path(str(found.settings["path"])) if "path" in found.settings else None
    return Rig(
        lambda wish: make_camera(kind, wish, clock=clock),
        clock,
        Wish(path=path),
        stall=kill_listener if kind == "picamera" else None,
        shown=shown,
    )


KINDS = [
    *(f"replay-{kind}" for kind in ("folder", "zip", "scene")),
    *(f"fake-{format_}" for format_ in FORMATS),
    "webcam-YUYV",
    "webcam-MJPG",
    "real-picamera",
    "real-v4l2",
]


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    family, _, kind = request.param.partition("-")
    if family == "real":
        return real_rig(kind)
    if family == "webcam":
        return webcam_rig(kind, tmp_path, request.getfixturevalue("monkeypatch"))
    return (replay_rig if family == "replay" else fake_rig)(kind, tmp_path)


def test_gives_rgb_frames_in_rising_order(rig: Rig) -> None:
    with rig.open() as camera:
        taken = [camera.capture(5.0) for _ in range(5)]
    for frame in taken:
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.ndim == 3
        assert frame.pixels.shape[2] == 3
        assert frame.pixels.flags.c_contiguous
    numbers = [frame.number for frame in taken]
    moments = [frame.taken_at.monotonic for frame in taken]
    assert numbers == sorted(set(numbers))
    assert moments == sorted(moments)


def test_frames_stay_what_they_were(rig: Rig) -> None:
    """No frame is a view of a buffer that the camera fills again."""
    with rig.open() as camera:
        first = camera.capture(5.0).pixels
        copy = first.copy()
        for _ in range(8):
            camera.capture(5.0)
        assert np.array_equal(first, copy)


def test_has_a_name_and_counters(rig: Rig) -> None:
    with rig.open() as camera:
        first = camera.capture(5.0)
        assert camera.name
        assert camera.skipped == 0
        assert camera.dropped == first.number


def test_waits_no_longer_than_told(rig: Rig) -> None:
    if not isinstance(rig.clock, ManualClock):
        pytest.skip("a real camera cannot be made to come late on time")
    with rig.open() as camera:
        camera.capture(1.0)
        before = rig.clock.monotonic()
        with pytest.raises(CameraStalledError):
            camera.capture(0.01)
        assert rig.clock.monotonic() - before == pytest.approx(0.01)


def test_a_stall_is_an_error_and_final(rig: Rig) -> None:
    if rig.stall is None:
        pytest.skip("this camera cannot be made to stall here")
    with rig.open() as camera:
        camera.capture(5.0)
        rig.stall(camera)
        with pytest.raises(CameraStalledError, match="gave no frame") as first:
            for _ in range(8):  # what had come before
                camera.capture(0.3)
        before = rig.clock.monotonic()
        with pytest.raises(CameraStalledError) as second:
            camera.capture(60.0)
        assert second.value is first.value
        assert rig.clock.monotonic() - before < 60.0


def test_has_one_owner(rig: Rig) -> None:
    with rig.open(), pytest.raises(BusyError, match="held by"):
        rig.open().__enter__()


def test_can_be_opened_again(rig: Rig) -> None:
    for _ in range(2):
        with rig.open() as camera:
            assert camera.capture(5.0).number >= 0


def test_going_away_is_a_camera_error(rig: Rig) -> None:
    if rig.unplug is None:
        pytest.skip("nobody can pull the plug of this camera here")
    with rig.open() as camera:
        camera.capture(1.0)
        rig.unplug()
        with pytest.raises(CameraError, match=r"vanished|unplugged"):
            for _ in range(3 * LENGTH):
                camera.capture(1.0)


def nearest(pixels: NDArray[np.uint8], pictures: list[NDArray[np.uint8]]) -> float:
    """The mean difference to the one of `pictures` that is most alike, over a grid of pixels."""
    grid = pixels[::STEP, ::STEP].astype(np.int16)
    same = [one[::STEP, ::STEP] for one in pictures if one.shape == pixels.shape]
    return min(float(np.abs(grid - one).mean()) for one in same)


@pytest.mark.parametrize(
    ("wish", "turned"),
    [
        ({}, lambda p: p),
        ({"flip_horizontal": True}, lambda p: p[:, ::-1]),
        ({"flip_vertical": True}, lambda p: p[::-1]),
        ({"rotation_degrees": 90}, lambda p: np.rot90(p, -1)),
        ({"rotation_degrees": 180}, lambda p: p[::-1, ::-1]),
        ({"rotation_degrees": 270, "flip_vertical": True}, lambda p: np.rot90(p[::-1], 1)),
    ],
    ids=["as-it-is", "horizontal", "vertical", "90", "180", "270-vertical"],
)
def test_shows_what_it_sees_the_right_way_round(
    rig: Rig,
    wish: dict[str, object],
    turned: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
) -> None:
    """Red is red and the left is left; half of a colour's distance to the next would be 40."""
    if rig.shown is None:
        pytest.skip("a replay shows its pictures as they are")
    pictures = rig.shown()
    with rig.open(**wish) as camera:
        seen = camera.capture(5.0).pixels
    right = nearest(seen, [turned(one) for one in pictures])
    wrong_colours = nearest(seen[:, :, ::-1], [turned(one) for one in pictures])
    assert right < 12
    assert right < wrong_colours
    if wish:
        wrong_way = [one for one in pictures if one.shape == seen.shape]
        assert not wrong_way or right < nearest(seen, wrong_way)
