# SPDX-License-Identifier: Apache-2.0
"""What every camera keeps to, and what replay does besides."""

import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from walkers import LENGTH, shades, write_folder, write_scene

from device.cameras import make_camera
from device.clock import ManualClock
from device.errors import BusyError, CameraError, CameraStalledError
from device.protocols import Camera


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
        path = write_folder(tmp_path / "frames", shades())
    elif request.param == "replay-scene":
        path = write_scene(tmp_path / "scene.zip", shades())
    else:
        path = tmp_path / "frames.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number, data in enumerate(shades()):
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
