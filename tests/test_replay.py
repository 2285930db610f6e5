# SPDX-License-Identifier: Apache-2.0
"""What the replay camera does besides what every camera does."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from walkers import LENGTH, number_of, shades, write_folder, write_scene

from device.cameras import CAMERAS, Wish, make_camera
from device.cameras.replay import ReplayCamera
from device.clock import ManualClock
from device.errors import CameraEndedError, CameraError


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
        assert make_camera(source, Wish(path=tmp_path), clock=clock).name


def test_a_camera_without_a_path_says_what_to_give(clock: ManualClock) -> None:
    with pytest.raises(CameraError, match="--path"):
        make_camera("replay", Wish(), clock=clock)


def test_plays_in_natural_order_once(play: Play, tmp_path: Path) -> None:
    camera = play(write_folder(tmp_path / "f", shades()))
    assert rest(camera) == list(range(LENGTH))


def test_a_scene_plays_in_its_own_order(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", shades())
    order = [3, 1, 2, 2]
    scene = {"frames_per_second": 4, "frames": [f"{n}.jpg" for n in order], "truth": [{"x": 1}]}
    (path / "scene.json").write_text(json.dumps(scene))
    camera = play(path)
    assert camera.frames_per_second == 4
    assert rest(camera) == order


def test_loop_begins_again(play: Play, tmp_path: Path) -> None:
    camera = play(write_folder(tmp_path / "f", shades(3)), loop=True)
    taken = [camera.capture(1.0) for _ in range(7)]
    assert [number_of(frame.pixels) for frame in taken] == [0, 1, 2, 0, 1, 2, 0]
    assert [frame.number for frame in taken] == list(range(7))


def test_fast_gives_every_frame_with_nominal_stamps(
    play: Play, tmp_path: Path, clock: ManualClock
) -> None:
    camera = play(write_scene(tmp_path / "s.zip", shades(), frames_per_second=5))
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
    camera = play(write_folder(tmp_path / "f", shades()), rate=4, fast=False)
    for number in range(4):
        assert camera.capture(1.0).number == number
        assert clock.monotonic() == pytest.approx(number / 4)


def test_a_slow_consumer_gets_the_newest_frame(
    play: Play, tmp_path: Path, clock: ManualClock
) -> None:
    camera = play(write_folder(tmp_path / "f", shades()), rate=10, fast=False)
    camera.capture(1.0)
    clock.advance(0.55)
    frame = camera.capture(1.0)
    assert frame.number == 5
    assert number_of(frame.pixels) == 5
    assert camera.dropped == 4


def test_the_last_frame_is_shown_even_late(play: Play, tmp_path: Path, clock: ManualClock) -> None:
    camera = play(write_folder(tmp_path / "f", shades(3)), rate=10, fast=False)
    camera.capture(1.0)
    clock.advance(100)
    assert camera.capture(1.0).number == 2
    with pytest.raises(CameraEndedError):
        camera.capture(1.0)


def test_broken_pictures_are_skipped_and_counted(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", shades())
    (path / "4.jpg").write_bytes(b"no picture at all")
    (path / "5.jpg").write_bytes((path / "6.jpg").read_bytes()[:200])
    (path / "7.jpg").unlink()
    (path / "7.jpg").write_bytes(b"")
    camera = play(path)
    assert rest(camera) == [0, 1, 2, 3, 6, 8, 9, 10, 11]
    assert camera.skipped == 3


def test_a_frame_that_the_scene_lacks_is_skipped(play: Play, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", shades(2))
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
    path = write_folder(tmp_path / "f", shades(3))
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
    path = write_folder(tmp_path / "f", shades(1))
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
