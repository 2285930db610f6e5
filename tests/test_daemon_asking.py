# SPDX-License-Identifier: Apache-2.0
"""When a capture is answered: with the very next frame, however slow the camera is."""

import json
import socket
from pathlib import Path

import pytest
from daemons import PATIENCE_SECONDS
from walkers import frames, jpeg, write_scene

import device.app
from device.cameras.replay import ReplayCamera
from device.clock import SystemClock
from device.control.client import SOCKET_NAME
from device.records import Frame
from device.settings import Settings
from device.settings.camera import CameraSettings
from device.settings.sections import DaemonSettings, JournalSettings, ModelsSettings

ASKED_DURING = 2


class AskedCamera(ReplayCamera):
    """A recording; somebody asks for a capture while one of its frames is waited for."""

    def __init__(self, path: Path, door: socket.socket, at: Path) -> None:
        super().__init__(path, frames_per_second=0, loop=False, fast=True, clock=SystemClock())
        self._door = door
        self._at = at

    def capture(self, timeout: float) -> Frame:
        if self._position == ASKED_DURING:
            self._door.connect(str(self._at))
            self._door.sendall(b'{"verb": "capture"}\n')
        return super().capture(timeout)


def test_who_asks_while_a_frame_is_waited_for_is_answered_with_it(
    tmp_path: Path, models_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write_scene(tmp_path / "s.zip", [jpeg(frame) for frame in frames(1, steps=6, gap=0)])
    settings = Settings(
        state_directory=tmp_path / "state",
        run_directory=tmp_path / "run",
        camera=CameraSettings(path=scene, fast=True),
        models=ModelsSettings(directory=models_directory),
        journal=JournalSettings(enabled=False),
        daemon=DaemonSettings(max_bytes=2**40),  # this process has other tests' memory too
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(PATIENCE_SECONDS)
        camera = AskedCamera(scene, door, tmp_path / "run" / SOCKET_NAME)
        monkeypatch.setattr(device.app, "make_camera", lambda *_, **__: camera)
        with device.app.open_daemon(settings) as daemon:
            daemon.run()
            answer = json.loads(door.recv(1 << 16))
    assert answer["error"] is None
    assert answer["frame"] == ASKED_DURING
