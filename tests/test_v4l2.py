# SPDX-License-Identifier: Apache-2.0
"""Webcams: what is said where there is none; frames are the matter of the contract's suite."""

import sys
from pathlib import Path

import pytest

from device.cameras import Wish, make_camera, v4l2
from device.clock import ManualClock
from device.errors import CameraError


def opened(path: Path | None) -> None:
    make_camera("v4l2", Wish(path=path), clock=ManualClock()).__enter__()


def test_a_machine_without_linuxpy_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "linuxpy.video", None)
    with pytest.raises(CameraError, match=r"passerby\[webcam\]"):
        opened(tmp_path / "video0")


def test_a_machine_without_devices_says_to_plug_one_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip(
        "linuxpy", reason="linuxpy is not installed: pip install 'passerby[webcam]'"
    )
    monkeypatch.setattr(v4l2, "_DEVICES", tmp_path)
    for look in (v4l2.find, lambda: opened(None)):
        with pytest.raises(CameraError, match="plug it in"):
            look()
    with pytest.raises(CameraError, match="is not there"):
        opened(tmp_path / "video0")


@pytest.mark.parametrize("name", ["null", "zero"])
def test_a_device_that_is_no_webcam_is_refused(name: str) -> None:
    pytest.importorskip(
        "linuxpy", reason="linuxpy is not installed: pip install 'passerby[webcam]'"
    )
    with pytest.raises(CameraError, match=r"cannot be used|cannot capture"):
        opened(Path("/dev") / name)


def test_devices_that_are_no_webcams_are_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip(
        "linuxpy", reason="linuxpy is not installed: pip install 'passerby[webcam]'"
    )
    (tmp_path / "video0").symlink_to("/dev/null")
    (tmp_path / "video-not-a-number").touch()
    monkeypatch.setattr(v4l2, "_DEVICES", tmp_path)
    with pytest.raises(CameraError, match="can capture MJPEG or YUYV"):
        v4l2.find()
