# SPDX-License-Identifier: Apache-2.0
"""What every camera keeps to, and what replay does besides."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from walkers import jpeg, write_folder, write_scene

from device.cameras import CAMERAS, make_camera
from device.cameras.replay import ReplayCamera
from device.clock import ManualClock
from device.errors import BusyError, CameraEndedError, CameraError, CameraStalledError
from device.protocols import Camera

LENGTH = 12


def shade(number: int) -> int:
    return 20 * number


def pictures(count: int = LENGTH) -> list[bytes]:
    """Pictures told apart by their brightness."""
    return [jpeg(np.full((48, 64, 3), shade(number), np.uint8)) for number in range(count)]


def number_of(pixels: NDArray[np.uint8]) -> int:
    return round(float(pixels.mean()) / 20)


@dataclass
class Rig:
    """One kind of camera, with ways to make it misbehave."""

    make: Callable[[], Camera]
    break_it: Callable[[], None]
    clock: ManualClock


@pytest.fixture(params=["replay-folder", "replay-zip", "replay-scene"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    clock = ManualClock()
    if request.param == "replay-folder":
        path = write_folder(tmp_path / "frames", pictures())
    elif request.param == "replay-scene":
        path = write_scene(tmp_path / "scene.zip", pictures())
    else:
        path = tmp_path / "frames.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number, data in enumerate(pictures()):
                archive.writestr(f"{number}.jpg", data)

    def make() -> Camera:
        return make_camera(
            "replay", path=path, frames_per_second=10, loop=True, fast=False, clock=clock
        )

    def break_it() -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            os.truncate(path, 0)
            path.unlink()

    return Rig(make, break_it, clock)


class TestEveryCamera:
    def test_gives_rgb_frames_in_rising_order(self, rig: Rig) -> None:
        with rig.make() as camera:
            taken = [camera.capture(1.0) for _ in range(5)]
        for frame in taken:
            assert frame.pixels.dtype == np.uint8
            assert frame.pixels.ndim == 3
            assert frame.pixels.shape[2] == 3
        numbers = [frame.number for frame in taken]
        moments = [frame.taken_at.monotonic for frame in taken]
        assert numbers == sorted(set(numbers))
        assert moments == sorted(moments)

    def test_has_a_name_and_counters(self, rig: Rig) -> None:
        with rig.make() as camera:
            camera.capture(1.0)
            assert camera.name
            assert (camera.skipped, camera.dropped) == (0, 0)

    def test_waits_no_longer_than_told(self, rig: Rig) -> None:
        with rig.make() as camera:
            camera.capture(1.0)
            before = rig.clock.monotonic()
            with pytest.raises(CameraStalledError):
                camera.capture(0.01)
            assert rig.clock.monotonic() - before == pytest.approx(0.01)
            assert camera.capture(1.0).number == 1

    def test_has_one_owner(self, rig: Rig) -> None:
        with rig.make(), pytest.raises(BusyError, match=f"process {os.getpid()}"):
            rig.make().__enter__()

    def test_can_be_opened_again(self, rig: Rig) -> None:
        for _ in range(2):
            with rig.make() as camera:
                assert camera.capture(1.0).number == 0

    def test_going_away_is_a_camera_error(self, rig: Rig) -> None:
        with rig.make() as camera:
            camera.capture(1.0)
            rig.break_it()
            with pytest.raises(CameraError, match="vanished"):
                for _ in range(3 * LENGTH):
                    camera.capture(1.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def play(clock: ManualClock) -> Iterator[Callable[..., ReplayCamera]]:
    with ExitStack() as stack:

        def start(
            path: Path, *, rate: float = 0.0, loop: bool = False, fast: bool = True
        ) -> ReplayCamera:
            camera = ReplayCamera(path, frames_per_second=rate, loop=loop, fast=fast, clock=clock)
            return stack.enter_context(camera)

        yield start


Play = Callable[..., ReplayCamera]


def rest(camera: ReplayCamera) -> list[int]:
    """The pictures shown until the end."""
    shown = []
    while True:
        try:
            shown.append(number_of(camera.capture(1.0).pixels))
        except CameraEndedError:
            return shown


def test_the_table_names_cameras_that_exist(tmp_path: Path, clock: ManualClock) -> None:
    for source in CAMERAS:
        camera = make_camera(
            source, path=tmp_path, frames_per_second=1, loop=False, fast=False, clock=clock
        )
        assert "replay" in camera.name


def test_a_camera_without_a_path_says_what_to_give(clock: ManualClock) -> None:
    with pytest.raises(CameraError, match="--path"):
        make_camera("replay", path=None, frames_per_second=1, loop=True, fast=True, clock=clock)


def test_plays_in_natural_order_once(play: Play, tmp_path: Path) -> None:
    camera = play(write_folder(tmp_path / "f", pictures()))
    assert rest(camera) == list(range(LENGTH))


def test_a_scene_plays_in_its_own_order(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", pictures())
    order = [3, 1, 2, 2]
    scene = {"frames_per_second": 4, "frames": [f"{n}.jpg" for n in order], "truth": [{"x": 1}]}
    (path / "scene.json").write_text(json.dumps(scene))
    camera = play(path)
    assert camera.frames_per_second == 4
    assert rest(camera) == order


def test_loop_begins_again(play: Play, tmp_path: Path) -> None:
    camera = play(write_folder(tmp_path / "f", pictures(3)), loop=True)
    taken = [camera.capture(1.0) for _ in range(7)]
    assert [number_of(frame.pixels) for frame in taken] == [0, 1, 2, 0, 1, 2, 0]
    assert [frame.number for frame in taken] == list(range(7))


def test_fast_gives_every_frame_with_nominal_stamps(
    play: Play, tmp_path: Path, clock: ManualClock
) -> None:
    camera = play(write_scene(tmp_path / "s.zip", pictures(), frames_per_second=5))
    taken = []
    for _ in range(LENGTH):
        taken.append(camera.capture(1.0))
        clock.advance(3.0)  # a slow consumer
    assert [number_of(frame.pixels) for frame in taken] == list(range(LENGTH))
    assert [frame.taken_at.monotonic for frame in taken] == pytest.approx(
        [number / 5 for number in range(LENGTH)]
    )
    assert camera.dropped == 0


def test_keeps_pace_with_the_clock(play: Play, tmp_path: Path, clock: ManualClock) -> None:
    camera = play(write_folder(tmp_path / "f", pictures()), rate=4, fast=False)
    for number in range(4):
        assert camera.capture(1.0).number == number
        assert clock.monotonic() == pytest.approx(number / 4)


def test_a_slow_consumer_gets_the_newest_frame(
    play: Play, tmp_path: Path, clock: ManualClock
) -> None:
    camera = play(write_folder(tmp_path / "f", pictures()), rate=10, fast=False)
    camera.capture(1.0)
    clock.advance(0.55)
    frame = camera.capture(1.0)
    assert frame.number == 5
    assert number_of(frame.pixels) == 5
    assert camera.dropped == 4


def test_the_last_frame_is_shown_even_late(play: Play, tmp_path: Path, clock: ManualClock) -> None:
    camera = play(write_folder(tmp_path / "f", pictures(3)), rate=10, fast=False)
    camera.capture(1.0)
    clock.advance(100)
    assert camera.capture(1.0).number == 2
    with pytest.raises(CameraEndedError):
        camera.capture(1.0)


def test_broken_pictures_are_skipped_and_counted(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", pictures())
    (path / "4.jpg").write_bytes(b"no picture at all")
    (path / "5.jpg").write_bytes((path / "6.jpg").read_bytes()[:200])
    (path / "7.jpg").unlink()
    (path / "7.jpg").write_bytes(b"")
    camera = play(path)
    assert rest(camera) == [0, 1, 2, 3, 6, 8, 9, 10, 11]
    assert camera.skipped == 3


def test_a_frame_that_the_scene_lacks_is_skipped(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", pictures(2))
    scene = {"frames_per_second": 4, "frames": ["0.jpg", "../secret.jpg", "9.jpg", "1.jpg"]}
    (path / "scene.json").write_text(json.dumps(scene))
    camera = play(path)
    assert rest(camera) == [0, 1]
    assert camera.skipped == 2


@pytest.mark.parametrize("loop", [False, True])
def test_nothing_but_broken_pictures_is_an_error(play: Play, tmp_path: Path, loop: bool) -> None:
    camera = play(write_folder(tmp_path / "f", [b"rubbish"] * 3), loop=loop)
    with pytest.raises(CameraError, match=r"readable picture|can be read") as caught:
        for _ in range(2):
            camera.capture(1.0)
    assert not isinstance(caught.value, CameraEndedError)


def test_emptied_folder_ends_in_an_error(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", pictures(3))
    camera = play(path, loop=True)
    camera.capture(1.0)
    for picture in path.iterdir():
        picture.unlink()
    with pytest.raises(CameraError):
        camera.capture(1.0)


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"frames": []}', '{"frames_per_second": 0, "frames": ["0.jpg"]}', "[1]", '{"a":1}'],
)
def test_a_faulty_scene_is_refused(play: Play, tmp_path: Path, text: str) -> None:
    path = write_folder(tmp_path / "f", pictures(1))
    (path / "scene.json").write_text(text)
    with pytest.raises(CameraError, match=r"scene\.json"):
        play(path)


def test_missing_empty_and_wrong_recordings_are_refused(play: Play, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    rubbish = tmp_path / "rubbish.zip"
    rubbish.write_bytes(b"PK\x03\x04 and no more")
    for path in (tmp_path / "missing", empty, rubbish, Path("/dev/null")):
        with pytest.raises(CameraError, match="replay cannot play") as caught:
            play(path)
        assert caught.value.exit_status == 10
