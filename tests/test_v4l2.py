# SPDX-License-Identifier: Apache-2.0
"""Webcams: what is asked of them through the real linuxpy, and what is made of their answers."""

import errno
import logging
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from linuxpy_shape import Control, Node, World
from numpy.typing import NDArray

from device.cameras import Wish, make_camera, v4l2
from device.cameras.fake import card
from device.cameras.sensor import SensorCamera
from device.clock import ManualClock
from device.errors import BusyError, CameraError, CameraStalledError
from device.protocols import Camera

Pixels = NDArray[np.uint8]
PERIOD = 0.1
CONTROLS = {
    "focus": "Focus, Automatic Continuous",
    "auto": "Auto Exposure",
    "time": "Exposure Time, Absolute",
    "gain": "Gain",
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch, ManualClock())


@pytest.fixture
def webcam(world: World) -> Node:
    node = Node(period=PERIOD)
    world.plug("video0", node)
    return node


def camera(world: World, **wish: object) -> Camera:
    return make_camera("v4l2", Wish(**wish), clock=world.clock)  # type: ignore[arg-type]


def seen(number: int) -> Pixels:
    return card(640, 480, number=number)


def alike(one: Pixels, other: Pixels) -> bool:
    """Equal but for what YUYV and JPEG lose; the mark of `card` tells the numbers apart."""
    away = np.abs(one.astype(int) - other.astype(int))
    return bool(one.shape == other.shape and away.mean() < 4 and np.median(away) <= 4)


def number_in(pixels: Pixels) -> int:
    """Which of the cards it is, by where its white mark stands."""
    row = pixels[pixels.shape[0] // 2, :, :].min(axis=1)
    return int(np.flatnonzero(row > 200).mean()) // 8


@pytest.mark.parametrize("padding", [0, 32])
def test_rows_of_yuyv_come_without_their_padding(world: World, webcam: Node, padding: int) -> None:
    webcam.padding = padding
    with camera(world) as eye:
        frames = [eye.capture(1.0) for _ in range(3)]
    assert [number_in(frame.pixels) for frame in frames] == [0, 1, 2]
    assert all(alike(frame.pixels, seen(n)) for n, frame in enumerate(frames))
    assert webcam.format == ("YUYV", 640, 480)


def test_jpegs_are_asked_for_where_there_are_any(world: World, webcam: Node) -> None:
    webcam.formats = {"VIDEO_CAPTURE": ["YUYV", "MJPG"]}
    with camera(world) as eye:
        pixels = eye.capture(1.0).pixels
    assert webcam.format[0] == "MJPG"
    assert alike(pixels, seen(0))


def test_the_size_that_was_granted_counts(world: World, webcam: Node) -> None:
    webcam.granted = (320, 240)
    with camera(world, width=1000, height=700, frames_per_second=15.0) as eye:
        pixels = eye.capture(1.0).pixels
    assert alike(pixels, card(320, 240))
    assert webcam.rate == (15, 1)


def test_a_format_that_nobody_asked_for_is_refused(world: World, webcam: Node) -> None:
    webcam.granted_format = "GREY"
    with pytest.raises(CameraError, match="gives GREY, expected MJPG or YUYV"):
        camera(world).__enter__()
    webcam.granted_format = "????"
    with pytest.raises(CameraError, match="answers oddly"):
        camera(world).__enter__()


def test_a_rate_of_its_own_is_no_failure(
    world: World, webcam: Node, caplog: pytest.LogCaptureFixture
) -> None:
    webcam.fails["S_PARM"] = errno.ENOTTY
    with camera(world, frames_per_second=15.0) as eye:
        assert eye.capture(1.0).number == 0
    assert "keeps its own rate" in caplog.text


def test_settings_become_controls(world: World, webcam: Node) -> None:
    webcam.controls = [
        Control(CONTROLS["focus"], 0x9A090C, kind=2),
        Control(CONTROLS["auto"], 0x9A0901, kind=3, maximum=3),
        Control(CONTROLS["time"], 0x9A0902),
        Control(CONTROLS["gain"], 0x980913, maximum=255),
    ]
    with camera(world, autofocus="continuous", exposure_milliseconds=8.0, gain=400.0):
        pass
    assert [control.value for control in webcam.controls] == [1, 1, 80, 255]
    with camera(world, autofocus="off"):
        pass
    assert webcam.controls[0].value == 0


def test_controls_are_left_alone_where_nothing_is_wished(world: World, webcam: Node) -> None:
    webcam.controls = [Control(name, 0x980900 + n) for n, name in enumerate(CONTROLS.values())]
    with camera(world):
        pass
    assert [control.value for control in webcam.controls] == [None] * 4


def test_a_control_that_is_missing_or_refused_is_told_and_no_failure(
    world: World, webcam: Node, caplog: pytest.LogCaptureFixture
) -> None:
    webcam.controls = [
        Control(CONTROLS["auto"], 0x9A0901, kind=3, maximum=3),
        Control(CONTROLS["time"], 0x9A0902, refused=errno.EACCES),
    ]
    wished = {"lens_dioptres": 0.5, "exposure_stops": -1.0}
    with camera(world, exposure_milliseconds=8.0, gain=2.0, **wished) as eye:
        assert eye.capture(1.0).number == 0
    warned = [record.getMessage() for record in caplog.records if "no effect" in record.msg]
    assert [re.search(r"has no (\w+)", line)[1] for line in warned] == [  # type: ignore[index]
        "lens_dioptres",
        "exposure_stops",
        "exposure_time_absolute",
        "gain",
    ]


def test_a_control_out_of_all_bounds_is_no_failure(world: World, webcam: Node) -> None:
    webcam.controls = [Control("Odd", 0x980999, maximum=2**40), Control(CONTROLS["gain"], 0x980913)]
    with camera(world, gain=2.0) as eye:
        assert eye.capture(1.0).number == 0


def test_a_prompt_reader_gets_every_frame(world: World, webcam: Node) -> None:
    with camera(world) as eye:
        frames = [eye.capture(1.0) for _ in range(6)]
        assert eye.dropped == 0
    assert [number_in(frame.pixels) for frame in frames] == list(range(6))
    assert world.clock.monotonic() == pytest.approx(6 * PERIOD)


@pytest.mark.parametrize("ready", [1, 2, 5])
def test_of_those_that_are_ready_the_newest_is_taken_at_once(
    world: World, webcam: Node, ready: int
) -> None:
    with camera(world) as eye:
        eye.capture(1.0)
        world.advance((ready + 0.4) * PERIOD)
        before = world.clock.monotonic()
        frame = eye.capture(1.0)
        assert world.clock.monotonic() == before
        assert (number_in(frame.pixels), eye.dropped) == (ready, ready - 1)


@pytest.mark.parametrize("pause", [6.4, 7.4, 20.4, 100.4])
def test_no_frame_is_older_than_a_pause(world: World, webcam: Node, pause: float) -> None:
    """The six buffers are full of what came first; the next is of now."""
    with camera(world) as eye:
        eye.capture(1.0)
        world.advance(pause * PERIOD)
        before = world.clock.monotonic()
        frame = eye.capture(1.0)
        assert number_in(frame.pixels) == (1 + int(pause)) % 80
        assert before < frame.taken_at.monotonic <= before + PERIOD
        assert eye.dropped == int(pause)
        assert number_in(eye.capture(1.0).pixels) == (2 + int(pause)) % 80


def test_the_first_frame_is_none_that_waited_for_a_slow_start(world: World, webcam: Node) -> None:
    with camera(world) as eye:
        world.advance(30.4 * PERIOD)
        assert number_in(eye.capture(1.0).pixels) == 30


@pytest.mark.parametrize("pause", [0.0, 20.4])
def test_a_silent_camera_is_an_error_in_time(world: World, webcam: Node, pause: float) -> None:
    with camera(world) as eye:
        eye.capture(3.0)
        world.advance(pause * PERIOD)
        webcam.silent = True
        before = world.clock.monotonic()
        with pytest.raises(CameraStalledError, match=r"gave no frame for 3\.0 s"):
            eye.capture(3.0)
        assert world.clock.monotonic() - before == pytest.approx(3.0)


@pytest.mark.parametrize("format_", ["YUYV", "MJPG"])
@pytest.mark.parametrize("fault", ["damaged", "short"])
def test_broken_frames_are_passed_over(
    world: World, webcam: Node, fault: str, format_: str
) -> None:
    webcam.formats = {"VIDEO_CAPTURE": [format_]}
    setattr(webcam, fault, {1, 2})
    with camera(world) as eye:
        frames = [eye.capture(1.0) for _ in range(2)]
        assert eye.skipped == 2
    assert [number_in(frame.pixels) for frame in frames] == [0, 3]


@pytest.mark.parametrize("gone", [errno.ENODEV, errno.EIO, errno.ENXIO])
def test_a_pulled_plug_is_told_as_such(
    world: World, webcam: Node, gone: int, caplog: pytest.LogCaptureFixture
) -> None:
    with camera(world) as eye:
        eye.capture(1.0)
        webcam.fails.update(dict.fromkeys(("DQBUF", "STREAMOFF", "REQBUFS"), gone))
        with pytest.raises(CameraError, match="was unplugged or has failed") as caught:
            eye.capture(1.0)
    assert (type(caught.value), caught.value.code) == (CameraError, "camera")
    assert "did not close cleanly" in caplog.text
    webcam.fails.clear()
    with camera(world) as eye:
        assert eye.capture(1.0).number == 0


def test_a_camera_that_is_opened_anew_counts_anew(world: World, webcam: Node) -> None:
    eye = camera(world)
    with eye:
        eye.capture(1.0)
        world.advance(20.4 * PERIOD)
        assert eye.capture(1.0).number == 21
    webcam.sequence = 100
    with eye:
        assert eye.capture(1.0).number == 0
        assert eye.dropped == 0


def test_a_second_holder_is_refused(world: World, webcam: Node, tmp_path: Path) -> None:
    with camera(world), pytest.raises(BusyError, match="held by process"):
        camera(world, path=tmp_path / "video0").__enter__()


@pytest.mark.parametrize("request_", ["S_FMT", "REQBUFS", "STREAMON"])
def test_a_camera_that_another_process_uses_is_busy(
    world: World, webcam: Node, request_: str
) -> None:
    webcam.fails[request_] = errno.EBUSY
    with pytest.raises(BusyError, match="held by another process"):
        camera(world).__enter__()
    webcam.fails.clear()
    with camera(world) as eye:
        assert eye.capture(1.0).number == 0


def test_nodes_that_cannot_capture_are_refused_by_name(world: World) -> None:
    path = world.plug("video1", Node(capabilities="META_CAPTURE STREAMING"))
    with pytest.raises(CameraError, match="video1 cannot capture"):
        camera(world, path=path).__enter__()
    path = world.plug("video2", Node(capabilities="VIDEO_CAPTURE READWRITE"))
    with pytest.raises(CameraError, match="video2 cannot capture"):
        camera(world, path=path).__enter__()


def test_a_missing_linuxpy_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = Path(__file__).parent.parent / "pyproject.toml"
    (pin,) = tomllib.loads(project.read_text())["project"]["optional-dependencies"]["webcam"]
    monkeypatch.setitem(sys.modules, "linuxpy.video", None)
    with pytest.raises(CameraError, match=re.escape(f"pip install '{pin}'")) as caught:
        make_camera("v4l2", Wish(path=tmp_path / "video0"), clock=ManualClock()).__enter__()
    assert "`sudo scripts/install --webcam`" in str(caught.value)


def test_a_machine_without_devices_says_to_plug_one_in(world: World, tmp_path: Path) -> None:
    looks: list[Callable[[], object]] = [v4l2.find, lambda: camera(world).__enter__()]
    for look in looks:
        with pytest.raises(CameraError, match=r"there is no /dev/video.*plug it in"):
            look()
    with pytest.raises(CameraError, match="is not there"):
        camera(world, path=tmp_path / "video0").__enter__()


@pytest.mark.parametrize("name", ["null", "zero"])
def test_a_device_that_is_no_webcam_is_refused(name: str) -> None:
    pytest.importorskip("linuxpy", reason="linuxpy is not installed: pip install '.[webcam]'")
    with pytest.raises(CameraError, match="cannot be used"):
        make_camera("v4l2", Wish(path=Path("/dev") / name), clock=ManualClock()).__enter__()


def test_closing_is_quiet_about_what_was_fine(
    world: World, webcam: Node, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), camera(world) as eye:
        eye.capture(1.0)
        assert isinstance(eye, SensorCamera)
    assert not caplog.records
    assert not webcam.streaming
