# SPDX-License-Identifier: Apache-2.0
"""What an installation does about cameras: linuxpy for webcams, patience with what is unplugged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from system.conftest import SETTINGS, UNIT, Pi
from system.machine import Machine
from system.test_deploy import CURRENT
from system.test_deploy import tree as tree  # noqa: PLC0414  a fixture

FILE = "/etc/passerby/passerby.toml"
PICAMERA2 = "/usr/lib/python3/dist-packages/picamera2.py"
OWN = "/base/soc/i2c0mux/i2c@1/imx708@1a"
WEBCAM = "/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.4:1.0-046d:0825"
NO_WEBCAM = "FAULT camera: there is no /dev/video*"
GOES_ON = "only the camera is missing (see above), which keeps nothing back"


def settings_of(source: str) -> str:
    return f'state_directory = "/var/lib/passerby"\n[camera]\nsource = "{source}"\n'


def libcamera_lists(machine: Machine, *names: str) -> None:
    """Give the machine a picamera2 that says so, in the place of Raspberry Pi OS's."""
    listed = [{"Id": name, "Model": "a model"} for name in names]
    says = f"    @staticmethod\n    def global_camera_info():\n        return {listed}\n"
    machine.write(PICAMERA2, f"class Picamera2:\n{says}")


def has_linuxpy(machine: Machine) -> bool:
    code = "import linuxpy.video.device"
    return machine.run(f"{CURRENT}/venv/bin/python", "-c", code, check=False).returncode == 0


@pytest.fixture
def put_back(pi: Pi) -> Iterator[Machine]:
    """The machine, whose settings and picamera2 are as before in the end."""
    yield pi.machine
    pi.machine.run("rm", "-f", PICAMERA2, "/dev/video0")
    pi.machine.write(FILE, SETTINGS)
    pi.machine.run("systemctl", "reset-failed", UNIT)
    pi.machine.run("systemctl", "restart", UNIT)


@pytest.fixture
def fresh(put_back: Machine) -> Iterator[Machine]:
    """The machine as if nothing had ever been installed, which comes back in the end."""
    put_back.run("systemctl", "stop", UNIT)
    put_back.run("mv", "/opt/passerby", "/opt/aside")
    put_back.run("rm", FILE)
    yield put_back
    put_back.run("systemctl", "stop", UNIT)
    put_back.run("rm", "-r", "/opt/passerby")
    put_back.run("mv", "/opt/aside", "/opt/passerby")
    put_back.run("systemctl", "enable", UNIT)


def test_a_fresh_machine_without_a_camera_waits_for_a_webcam(pi: Pi, fresh: Machine) -> None:
    done = pi.script("deploy", "deploy", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    # linuxpy was there to look for it.
    assert NO_WEBCAM in done.stdout
    assert f"{GOES_ON}: plug it in, and {UNIT} comes up by itself" in done.stdout
    assert f"{UNIT} waits for its camera" in done.stdout
    assert fresh.run("cat", FILE).stdout.endswith('source = "v4l2"\n')
    fresh.wait_journal(UNIT, "there is no /dev/video*")
    fresh.wait("systemctl", "show", UNIT, "--property=NRestarts", until="=1")
    # Another camera later: what the release before had stays.
    fresh.write(FILE, SETTINGS)
    done = pi.script("deploy", "deploy", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{UNIT} runs" in done.stdout
    assert has_linuxpy(fresh)


def test_linuxpy_is_brought_where_a_webcam_is_asked_for_named_or_all_there_is(
    pi: Pi, fresh: Machine
) -> None:
    def deploy(*words: str) -> str:
        done = pi.script("deploy", "deploy", "--offline", "--no-start", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    libcamera_lists(fresh, OWN, WEBCAM)
    fresh.run("touch", "/dev/video0")
    assert "all is right" in deploy()
    assert 'source = "picamera"' in fresh.run("cat", FILE).stdout
    assert not has_linuxpy(fresh)
    without = fresh.run("readlink", "-f", CURRENT).stdout.strip()

    assert 'give its [camera] source = "v4l2"' in deploy("--webcam")
    assert 'source = "picamera"' in fresh.run("cat", FILE).stdout
    assert has_linuxpy(fresh)

    fresh.run("ln", "-sfn", without, CURRENT)
    fresh.write(FILE, settings_of("v4l2"))
    assert GOES_ON in deploy()
    assert has_linuxpy(fresh)

    for words, listed in ((("--webcam",), (OWN,)), ((), (WEBCAM,))):
        fresh.run("ln", "-sfn", without, CURRENT)
        fresh.run("rm", FILE)
        libcamera_lists(fresh, *listed)
        assert GOES_ON in deploy(*words)
        assert 'source = "v4l2"' in fresh.run("cat", FILE).stdout
        assert has_linuxpy(fresh)


def test_a_release_that_loses_the_camera_of_the_one_before_is_refused(
    pi: Pi, put_back: Machine, tree: Path
) -> None:
    before = put_back.run("readlink", "-f", CURRENT).stdout
    libcamera_lists(put_back, OWN)
    put_back.write(FILE, settings_of("picamera"))
    camera = tree / "device/cameras/picamera.py"
    words = "    cameras = _load().global_camera_info()\n"
    assert words in camera.read_text()
    camera.write_text(camera.read_text().replace(words, "    cameras = []\n"))
    done = pi.script("deploy", "deploy", "--offline", at=tree)
    assert done.returncode == 70, done.stdout + done.stderr
    assert "FAULT camera: " in done.stdout
    assert "stays in force" in done.stderr
    assert put_back.run("readlink", "-f", CURRENT).stdout == before


def test_a_missing_camera_excuses_nothing_else(pi: Pi, put_back: Machine, tree: Path) -> None:
    before = put_back.run("readlink", "-f", CURRENT).stdout
    put_back.write(FILE, settings_of("picamera"))
    model = tree / "models/default/model.tflite"
    model.write_bytes(model.read_bytes()[:-1] + b"\0\0")
    done = pi.script("deploy", "deploy", "--offline", at=tree)
    assert done.returncode == 70, done.stdout + done.stderr
    assert "FAULT bundle default: " in done.stdout
    assert "FAULT camera: " in done.stdout
    assert GOES_ON not in done.stdout
    assert put_back.run("readlink", "-f", CURRENT).stdout == before
