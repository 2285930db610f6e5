# SPDX-License-Identifier: Apache-2.0
"""The doctor's judges by table, and the doctor himself on this machine."""

import json
import os
import pwd
from pathlib import Path

import pytest
from daemons import NewHouse

from device.board import Throttling
from device.errors import EXIT_OK, CheckFailedError
from device.verbs.doctor import examination, numpys, symptoms, vcgencmd
from device.verbs.doctor.numpys import Place
from device.verbs.doctor.symptoms import Symptom

LITERT, TFLITE = ("litert 2.3.0",), ("tflite 2.14.0",)
MEBIBYTE = 2**20
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"


def supply(bits: int | None, *, only_voltage: bool = False) -> Symptom:
    told = None if bits is None else Throttling(bits, only_voltage)
    return symptoms.supply(told, since="since boot")


@pytest.mark.parametrize(
    ("symptom", "verdict", "words"),
    [
        (symptoms.board("Raspberry Pi 5", "aarch64"), "ok", "Raspberry Pi 5"),
        (symptoms.board(None, "x86_64"), "ok", "not a Pi"),
        (symptoms.word_size(64), "ok", "64-bit"),
        (symptoms.word_size(32), "FAULT", "Raspberry Pi OS Lite (64-bit)"),
        (symptoms.python((3, 13), LITERT), "ok", "3.13 with litert"),
        (symptoms.python((3, 9), LITERT), "FAULT", "Bookworm or Trixie"),
        (symptoms.python((3, 14), LITERT), "FAULT", "expected 3.11 to 3.13"),
        (symptoms.python((3, 11), ()), "FAULT", "scripts/install"),
        (symptoms.groups("pi", {"pi"}, None), "ok", "not installed as a service"),
        (symptoms.groups("pi", {"pi"}, {"passerby"}), "FAULT", "usermod -aG video passerby"),
        (symptoms.groups("pi", {"pi"}, {"passerby", "video"}), "advice", "-aG passerby pi"),
        (symptoms.groups("pi", {"passerby"}, {"passerby", "video"}), "ok", "pi may ask it"),
        (symptoms.groups("root", {"root"}, {"passerby", "video"}), "ok", "root may ask it"),
        (symptoms.camera_memory(None, None, is_pi=False), "ok", "not a Pi"),
        (symptoms.camera_memory(16, 2, is_pi=True), "advice", "cma-128"),
        (symptoms.camera_memory(256, 200, is_pi=True), "ok", "256 MiB of CMA, 200 free"),
        (symptoms.memory_cgroup("cpu memory pids"), "ok", "on"),
        (symptoms.memory_cgroup("cpu pids"), "ok", "cgroup_enable=memory"),
        (symptoms.memory_cgroup(None), "ok", "daemon.max_bytes"),
        (supply(None), "ok", "tells nothing"),
        (supply(0), "ok", "no under-voltage and no throttling since boot"),
        (supply(0, only_voltage=True), "ok", "no under-voltage since boot; of throttling nothing"),
        (supply(0x40000), "advice", "since boot: throttled: use the official power supply"),
        (supply(0x1), "FAULT", "now: under-voltage: use the official power supply"),
        (supply(0x8), "advice", "now: the board has lowered its own clock"),
        (supply(0x80008), "advice", "normal on a Pi 3B+ or 3A+ from 60 °C"),
        (supply(0x80000), "advice", "since boot: the board has lowered its own clock"),
        (supply(0xC0008), "advice", "since boot: throttled: use the official power supply"),
        (supply(0xD000D), "FAULT", "now: under-voltage, throttled: use"),
        (symptoms.heat(None), "ok", "no temperature"),
        (symptoms.heat(50), "ok", "50 °C"),
        (symptoms.heat(72), "advice", "give it air"),
        (symptoms.heat(85), "FAULT", "cool it"),
        (symptoms.clock(True), "ok", "synchronised"),
        (symptoms.clock(False), "advice", "timedatectl"),
        (symptoms.room("/x", 999 * MEBIBYTE, wanted=64 * MEBIBYTE), "ok", "999 MiB free at /x"),
        (symptoms.room("/x", 99 * MEBIBYTE, wanted=64 * MEBIBYTE), "advice", "store.max_bytes"),
        (symptoms.room("/x", MEBIBYTE, wanted=64 * MEBIBYTE), "FAULT", "make room"),
        (symptoms.cameras(["imx708"], source="picamera"), "ok", "imx708"),
        (symptoms.cameras([], source="replay"), "ok", "none"),
        (symptoms.cameras([], source="picamera"), "FAULT", "cable"),
    ],
)
def test_each_symptom_has_its_verdict_and_its_words(
    symptom: Symptom, verdict: str, words: str
) -> None:
    assert symptom.verdict == verdict
    assert words in symptom.message


@pytest.mark.parametrize(
    ("version", "runtimes", "system", "picamera2", "verdict"),
    [
        ("1.26.4", LITERT, None, False, "ok"),
        ("2.4.0", LITERT, None, False, "ok"),
        ("2.4.0", TFLITE, None, False, "FAULT"),
        ("2.4.0", LITERT + TFLITE, None, False, "ok"),
        ("1.24.2", TFLITE, "1.24.2", True, "ok"),
        ("1.26.4", LITERT, "1.24.2", True, "ok"),
        ("2.4.0", LITERT, "1.24.2", True, "FAULT"),
        ("2.4.0", LITERT, "1.24.2", False, "ok"),
    ],
)
def test_numpy_must_suit_runtime_and_picamera2(
    version: str, runtimes: tuple[str, ...], system: str | None, picamera2: bool, verdict: str
) -> None:
    place = Place("/v/lib", "/v", system)
    judged = numpys.loaded(version, place, runtimes=runtimes, picamera2=picamera2)
    assert judged.verdict == verdict


LOCAL = "/usr/local/lib/python3.11/dist-packages"
RELEASE = "/opt/passerby/releases/a/venv"


@pytest.mark.parametrize(
    ("place", "cure"),
    [
        (Place(LOCAL, RELEASE, "1.24.2"), "sudo pip uninstall --break-system-packages numpy"),
        (Place(LOCAL, None, "1.24.2"), "sudo pip uninstall --break-system-packages numpy"),
        (
            Place("/home/pi/.local/lib/python3.11/site-packages", RELEASE, "1.24.2"),
            "/usr/bin/python3 -m pip uninstall --break-system-packages numpy",
        ),
        (
            Place(f"{RELEASE}/lib/python3.11/site-packages", RELEASE, "1.24.2"),
            f"sudo {RELEASE}/bin/python -m pip uninstall numpy",
        ),
        (Place("/x/venv/lib", "/x/venv", "1.24.2"), ": /x/venv/bin/python -m pip uninstall numpy"),
        (Place("/srv/odd", RELEASE, "1.24.2"), "out of PYTHONPATH"),
    ],
)
def test_the_cure_of_a_numpy_that_hides_the_systems_fits_where_it_lies(
    place: Place, cure: str
) -> None:
    judged = numpys.loaded("2.4.0", place, runtimes=LITERT, picamera2=True)
    assert judged.message.endswith(cure)
    assert f"numpy 2.4.0 in {place.folder} hides the system's 1.24.2" in judged.message


@pytest.mark.parametrize(
    ("place", "cure"),
    [
        (Place("/usr/lib/python3/dist-packages", None, "1.24.2"), "--reinstall python3-numpy"),
        (Place("/v/lib", "/v", None), "/v/bin/python -m pip install --force-reinstall numpy"),
        (Place(LOCAL, "/v", None), "sudo pip uninstall --break-system-packages numpy"),
        (Place(None, "/v", None), "scripts/install again, or pip install numpy"),
    ],
)
def test_a_numpy_that_does_not_load_is_a_fault_with_its_cure(place: Place, cure: str) -> None:
    judged = numpys.broken("ImportError: no multiarray", place)
    assert judged.verdict == "FAULT"
    assert judged.message.endswith(cure)


WRAPPED = """
try:
    raise ImportError("\\n\\nPLEASE READ THIS\\n\\nOriginal error was: No module named 'x'\\n")
except ImportError as error:
    raise ImportError("you should not try to import numpy from its source") from error
"""


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (WRAPPED, "ImportError: No module named 'x'"),
        ('raise ValueError("numpy.dtype size changed")', "ValueError: numpy.dtype size changed"),
        ("raise RuntimeError", "RuntimeError: no reason given"),
        ("", "AttributeError: module 'numpy' has no attribute '__version__'"),
    ],
)
def test_the_doctor_survives_a_numpy_that_does_not_load(
    new_house: NewHouse, doorway: Path, broken: str, reason: str
) -> None:
    house = new_house(camera={"path": str(doorway)})
    package = house.folder / "numpy"  # the folder it is called from comes first
    package.mkdir()
    (package / "__init__.py").write_text(broken)
    done = house.call("doctor", "--json")
    assert done.returncode == CheckFailedError.exit_status, done.stderr
    told = {one["subject"]: one for one in json.loads(done.stdout)["findings"]}
    assert {"python", "groups", "supply", "room", "cameras"} <= set(told)
    assert "litert" in told["python"]["message"]
    assert told["numpy"]["verdict"] == told["checks"]["verdict"] == "FAULT"
    said = told["numpy"]["message"]
    assert f"the numpy in {house.folder} does not load ({reason})" in said
    assert "PYTHONPATH" in said


def install_vcgencmd(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str | None) -> None:
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    if script is not None:
        command = folder / "vcgencmd"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "bits"),
    [
        ('[ "$*" = get_throttled ] && echo throttled=0x50005', 0x50005),
        ("echo throttled=0x0", 0),
        ("echo 'error=1 error_msg=\"Command not registered\"'", None),
        ("echo throttled=0x50005; exit 255", None),
        ("echo VCHI initialization failed", None),
        (None, None),
    ],
)
def test_vcgencmd_is_believed_where_it_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, bits: int | None
) -> None:
    install_vcgencmd(monkeypatch, tmp_path / "bin", script)
    told = vcgencmd.throttling(seconds=60.0)
    assert told == (None if bits is None else Throttling(bits))


def test_vcgencmd_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_vcgencmd(monkeypatch, tmp_path / "bin", "echo throttled=0x50005; exec /bin/sleep 20")
    assert vcgencmd.throttling(seconds=0.2) is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo throttled=0x40000", "since boot: throttled"),
        (None, "in the last seconds: the clock rate is capped"),
        ("exit 255", "in the last seconds: the clock rate is capped"),
    ],
)
def test_only_the_firmware_itself_remembers_since_boot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, said: str
) -> None:
    word = tmp_path / "root" / THROTTLED
    word.parent.mkdir(parents=True)
    word.write_text("20000\n")
    install_vcgencmd(monkeypatch, tmp_path / "bin", script)
    settings = tmp_path / "passerby.toml"
    settings.touch()
    found = examination.examine(settings, root=tmp_path / "root")
    told = next(one for one in found if one.subject == "supply")
    assert told.verdict == "advice"
    assert told.message.startswith(said)


def test_cameras_are_told_by_name_and_codecs_are_none(tmp_path: Path) -> None:
    for number, name in enumerate(["bcm2835-codec-decode", "unicam", "unicam", "UVC Camera"]):
        path = tmp_path / f"sys/class/video4linux/video{number}/name"
        path.parent.mkdir(parents=True)
        path.write_text(name + "\n")
    assert examination.camera_names(tmp_path) == ["unicam", "UVC Camera"]
    assert examination.camera_names(tmp_path / "none") == []


def test_the_doctor_finds_this_machine_well_and_leaves_no_trace(
    new_house: NewHouse, doorway: Path
) -> None:
    house = new_house(camera={"path": str(doorway)})
    done = house.call("doctor")
    said = done.stdout.decode()
    assert done.returncode == EXIT_OK, said
    assert said.endswith("nothing is wrong\n")
    assert "24 golden pictures as recorded" in said
    assert not house.state.exists()
    assert not house.run.exists()


def test_the_doctor_tells_a_program_what_is_wrong(new_house: NewHouse) -> None:
    house = new_house(models={"directory": "/nowhere"})
    done = house.call("doctor", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_status"] == CheckFailedError.exit_status
    assert told["ok"] is False
    wrong = {one["subject"] for one in told["findings"] if one["verdict"] == "FAULT"}
    assert wrong == {"bundle blazeface-short", "bundle default"}
    assert {"board", "supply", "heat", "clock"} <= {one["subject"] for one in told["findings"]}


def test_what_a_guest_may_not_write_is_advice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "passerby.toml"
    (tmp_path / "file").touch()
    settings.write_text(f'state_directory = "{tmp_path}/file/state"\n')

    def verdict() -> str:
        found = examination.examine(settings, root=Path("/"))
        return next(one.verdict for one in found if one.subject == "state_directory")

    assert verdict() == "FAULT"
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(examination, "_SERVICE", "nobody")
    monkeypatch.setattr(os, "geteuid", lambda: nobody.pw_uid + 1)
    assert verdict() == "advice"
