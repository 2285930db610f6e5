# SPDX-License-Identifier: Apache-2.0
"""What is asked of picamera2 on a Pi, and what is made of its answers."""

import logging
import sys

import numpy as np
import pytest
from picamera2_shape import World, install

from device.cameras import Wish, make_camera
from device.cameras.fake import card
from device.cameras.picamera import find
from device.clock import ManualClock
from device.errors import BusyError, CameraError, CameraStalledError
from device.protocols import Camera


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    install(made, monkeypatch)
    return made


def camera(**wish: object) -> Camera:
    return make_camera("picamera", Wish(**wish), clock=ManualClock())  # type: ignore[arg-type]


def test_asks_for_rgb_of_the_whole_field_and_no_raw_stream(world: World) -> None:
    with camera() as eye:
        pixels = eye.capture(1.0).pixels
    assert world.asked["main"] == {"size": (640, 480), "format": "BGR888"}
    assert world.asked["raw"] is None
    assert world.asked["sensor"] == {"output_size": (2304, 1296)}
    assert world.asked["controls"] == {}
    assert np.array_equal(pixels, card(640, 480))


def test_what_was_granted_counts_not_what_was_asked(world: World) -> None:
    world.granted = "RGB888"
    with camera() as eye:
        assert np.array_equal(eye.capture(1.0).pixels, card(640, 480))
    world.granted = "R10_CSI2P"
    with pytest.raises(CameraError, match="gives only R10_CSI2P, expected one of"):
        camera().__enter__()


def test_the_sensor_mirrors_by_itself(world: World) -> None:
    with camera(rotation_degrees=180, flip_horizontal=True) as eye:
        assert np.array_equal(eye.capture(1.0).pixels, card(640, 480))
    assert (world.asked["transform"].hflip, world.asked["transform"].vflip) == (False, True)


def test_a_camera_without_that_gift_is_mirrored_here(world: World) -> None:
    world.properties = {}
    with camera(flip_horizontal=True) as eye:
        assert np.array_equal(eye.capture(1.0).pixels, card(640, 480)[:, ::-1])
    assert world.asked["transform"].hflip is False


def test_settings_become_controls_where_the_sensor_has_them(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    wish = {
        "frames_per_second": 15.0,
        "autofocus": "off",
        "lens_dioptres": 0.5,
        "exposure_milliseconds": 8.0,
        "gain": 2.0,
        "exposure_stops": -1.0,
    }
    with caplog.at_level(logging.WARNING), camera(**wish):
        pass
    assert world.asked["controls"] == {
        "FrameDurationLimits": (66667, 66667),
        "AfMode": 0,
        "LensPosition": 0.5,
        "ExposureTime": 8000,
    }
    for name in ("AnalogueGain", "ExposureValue"):
        assert f"has no {name}" in caplog.text


def test_every_wait_is_bounded(world: World) -> None:
    """0 would not mean "do not wait" to picamera2, but hand out a promise."""
    with camera() as eye:
        eye.capture(1.0)
        eye.capture(0.0)
    assert all(0 < wait <= 1.0 for wait in world.waits)
    assert len(world.waits) == 2


def test_requests_are_given_back_and_gaps_counted(world: World) -> None:
    with camera() as eye:
        numbers = [eye.capture(1.0).number for _ in range(3)]
        assert eye.dropped == 4
    assert numbers == [0, 3, 6]
    assert world.events == ["start", *["release"] * 3, "cancel", "close"]


def test_after_a_time_out_nothing_is_asked_of_it(world: World) -> None:
    with camera() as eye:
        world.stalled = True
        for _ in range(3):
            with pytest.raises(CameraStalledError, match="gave no frame"):
                eye.capture(1.0)
    assert len(world.waits) == 1
    assert world.events == ["start"]  # closing may hang for good, with Python's lock held


def test_a_camera_that_another_process_holds(world: World) -> None:
    world.busy = True
    with pytest.raises(BusyError, match="held by another process"):
        camera().__enter__()


def test_a_camera_that_is_not_there_says_what_to_check(world: World) -> None:
    with pytest.raises(CameraError, match="no libcamera camera 3, only 1"):
        camera(number=3).__enter__()
    world.infos = []
    with pytest.raises(CameraError, match="ribbon cable"):
        camera().__enter__()
    with pytest.raises(CameraError, match="ribbon cable"):
        find()


def test_finds_each_camera_with_the_keys_that_choose_it(world: World) -> None:
    world.infos = [{"Model": "imx708", "Id": "a"}, {"Id": "b"}]
    first, second = find()
    assert (first.name, first.settings) == ("imx708", {"source": "picamera", "number": 0})
    assert (second.name, second.settings) == ("b", {"source": "picamera", "number": 1})


def test_a_machine_without_picamera2_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="apt-get install python3-picamera2"):
        camera().__enter__()
