# SPDX-License-Identifier: Apache-2.0
"""Both clocks keep the same promises; the system's one asks the kernel."""

import ctypes
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from device import clock as clock_module
from device.clock import ManualClock, SystemClock
from device.protocols import Clock


@pytest.fixture(params=[SystemClock, ManualClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_monotonic_never_goes_back_and_sleep_moves_it(clock: Clock) -> None:
    moments = [clock.monotonic()]
    for seconds in (0.0, -1.0, 0.001, 0.002):
        clock.sleep(seconds)
        moments.append(clock.monotonic())
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] >= 0.003 - 1e-9


def test_a_stamp_agrees_with_monotonic(clock: Clock) -> None:
    before = clock.monotonic()
    stamp = clock.stamp()
    assert before <= stamp.monotonic <= clock.monotonic()
    assert stamp.boot_id == clock.stamp().boot_id != ""
    assert isinstance(stamp.clock_synchronised, bool)


def test_the_system_clock_reads_the_kernels_boot_id() -> None:
    path = Path("/proc/sys/kernel/random/boot_id")
    if not path.exists():
        pytest.skip("no /proc here")
    stamp = SystemClock().stamp()
    assert stamp.boot_id == path.read_text(encoding="ascii").strip()
    assert abs(stamp.wall - time.time()) < 60


def test_without_a_boot_id_each_process_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "_BOOT_ID", tmp_path / "none")
    one, two = SystemClock().stamp().boot_id, SystemClock().stamp().boot_id
    assert one
    assert two
    assert one != two


@pytest.mark.parametrize(
    ("answer", "file", "expected"),
    [(0, False, True), (5, True, False), (-1, True, True), (-1, False, False)],
)
def test_the_kernel_is_asked_first_and_the_file_when_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int, file: bool, expected: bool
) -> None:
    libc = SimpleNamespace(adjtimex=lambda _: answer)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    monkeypatch.setattr(clock_module, "_TIMESYNC", tmp_path / "synchronized")
    if file:
        (tmp_path / "synchronized").touch()
    assert SystemClock().stamp().clock_synchronised is expected


def test_without_adjtimex_the_file_of_timesyncd_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_libc(*_: object, **__: object) -> object:
        raise OSError("no libc")

    monkeypatch.setattr(ctypes, "CDLL", no_libc)
    monkeypatch.setattr(clock_module, "_TIMESYNC", tmp_path / "synchronized")
    assert not SystemClock().stamp().clock_synchronised
    (tmp_path / "synchronized").touch()
    assert SystemClock().stamp().clock_synchronised


def test_the_manual_clock_moves_only_when_moved() -> None:
    clock = ManualClock(monotonic=5.0, wall=100.0, boot_id="b", synchronised=False)
    assert clock.stamp() == clock.stamp()
    clock.advance(2.5)
    assert (clock.monotonic(), clock.stamp().wall) == (7.5, 102.5)
    clock.step_wall(-50)
    clock.synchronised = True
    stamp = clock.stamp()
    assert (stamp.boot_id, stamp.monotonic, stamp.wall, stamp.clock_synchronised) == (
        "b",
        7.5,
        52.5,
        True,
    )
    with pytest.raises(ValueError, match="use step_wall"):
        clock.advance(-1)


def test_a_clock_that_was_set_is_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(clock_module, "_synchronisation", lambda: lambda: next(answers))
    walls = iter([1000.0, 1000.0, 1000.1, 5000.0, 5000.0])
    fake = SimpleNamespace(
        time=lambda: next(walls),
        clock_gettime=lambda _: 10.0,
        CLOCK_MONOTONIC=time.CLOCK_MONOTONIC,
    )
    monkeypatch.setattr(clock_module, "time", fake)
    clock = SystemClock()
    told = [clock.stamp().clock_synchronised for _ in range(5)]
    assert told == [True, True, True, False, False]
