# SPDX-License-Identifier: Apache-2.0
"""Judges of one symptom each: pure functions from what was read to a finding."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from device.board import Throttling

Verdict = Literal["ok", "advice", "FAULT"]

_OLDEST, _NEWEST = (3, 11), (3, 13)
_LEAST_CMA_MEBIBYTES = 64
_HOT_CELSIUS, _TOO_HOT_CELSIUS = 70.0, 80.0
_MEBIBYTE = 2**20
# Beside the store: the journal, the next release, the system's own needs.
_LEAST_FREE_BYTES = 256 * _MEBIBYTE


@dataclass(frozen=True, slots=True)
class Symptom:
    """What was found of one subject; `message` also says what to do where something is to do."""

    subject: str
    verdict: Verdict
    message: str


def board(model: str | None, machine: str) -> Symptom:
    """Which machine this is; any 64-bit one will do."""
    return Symptom("board", "ok", model or f"not a Pi ({machine}), where Passerby runs as well")


def word_size(bits: int) -> Symptom:
    """There is no TFLite runtime for 32 bits."""
    if bits == 64:
        return Symptom("word size", "ok", "64-bit")
    return Symptom(
        "word size",
        "FAULT",
        f"this Python is {bits}-bit, expected 64-bit, for which there is a TFLite runtime: write "
        "Raspberry Pi OS Lite (64-bit) to the card",
    )


def python(version: tuple[int, int], runtimes: Sequence[str]) -> Symptom:
    """Whether there are wheels of the runtime for this Python."""
    said = ".".join(map(str, version))
    if not _OLDEST <= version <= _NEWEST:
        return Symptom(
            "python",
            "FAULT",
            f"Python {said} runs, expected 3.11 to 3.13: use Raspberry Pi OS Bookworm or Trixie",
        )
    if not runtimes:
        return Symptom(
            "python",
            "FAULT",
            f"Python {said} finds no TFLite runtime, expected ai-edge-litert: run scripts/install "
            "again, or pip install 'passerby[litert]'",
        )
    return Symptom("python", "ok", f"{said} with {', '.join(runtimes)}")


def groups(user: str, mine: Collection[str], service: Collection[str] | None) -> Symptom:
    """Whether the daemon's user may open cameras, and this one may ask the daemon."""
    if service is None:
        return Symptom(
            "groups", "ok", f"user {user}; Passerby is not installed as a service (scripts/install)"
        )
    if "video" not in service:
        return Symptom(
            "groups",
            "FAULT",
            "user passerby is not in group video, expected it to be, to open cameras: sudo usermod "
            "-aG video passerby",
        )
    if user not in ("root", "passerby") and "passerby" not in mine:
        return Symptom(
            "groups",
            "advice",
            f"user {user} is not in group passerby and cannot ask the daemon: sudo usermod -aG "
            f"passerby {user}, then log in anew",
        )
    return Symptom("groups", "ok", f"passerby may open cameras, {user} may ask it")


def camera_memory(total: int | None, free: int | None, *, is_pi: bool) -> Symptom:
    """Whether there is memory in one piece for a camera's buffers, MiB."""
    if not is_pi:
        return Symptom("camera memory", "ok", "not a Pi, whose cameras need it in one piece")
    if total is None or total < _LEAST_CMA_MEBIBYTES:
        return Symptom(
            "camera memory",
            "advice",
            f"{total or 0} MiB of CMA, expected {_LEAST_CMA_MEBIBYTES} or more for a camera's "
            "buffers: write dtoverlay=vc4-kms-v3d,cma-128 in /boot/firmware/config.txt and restart",
        )
    return Symptom("camera memory", "ok", f"{total} MiB of CMA, {free or 0} free")


def memory_cgroup(controllers: str | None) -> Symptom:
    """Whether systemd can hold the daemon to its memory."""
    if controllers is not None and "memory" in controllers.split():
        return Symptom("memory cgroup", "ok", "on: systemd holds the service to MemoryMax=")
    return Symptom(
        "memory cgroup",
        "ok",
        "off, as on Raspberry Pi OS: the daemon watches its memory itself (daemon.max_bytes); "
        "cgroup_enable=memory in /boot/firmware/cmdline.txt would turn it on",
    )


def supply(throttling: Throttling | None, *, since: str) -> Symptom:
    """Under-voltage and throttling; `since`: over what time, such as "since boot"."""
    remedy = "use the official power supply and a short cable, or cool the board"
    if throttling is None:
        return Symptom("supply", "ok", "this board tells nothing of its supply")
    harmful = throttling.without_soft_limit
    if harmful.now:
        return Symptom("supply", "FAULT", f"now: {', '.join(harmful.now)}: {remedy}")
    if harmful.occurred:
        return Symptom("supply", "advice", f"{since}: {', '.join(harmful.occurred)}: {remedy}")
    if harmful != throttling:
        return Symptom(
            "supply",
            "advice",
            f"{'now' if throttling.now else since}: the board has lowered its own clock at the "
            "soft temperature limit, normal on a Pi 3B+ or 3A+ from 60 °C on: give it air if it "
            "is to be faster",
        )
    if throttling.only_voltage:
        return Symptom("supply", "ok", f"no under-voltage {since}; of throttling nothing is told")
    return Symptom("supply", "ok", f"no under-voltage and no throttling {since}")


def heat(celsius: float | None) -> Symptom:
    """The processor's temperature."""
    if celsius is None:
        return Symptom("heat", "ok", "this board tells no temperature")
    said = f"{celsius:.0f} °C"
    if celsius >= _TOO_HOT_CELSIUS:
        return Symptom("heat", "FAULT", f"{said}, expected less than 80: cool it, give it air")
    if celsius >= _HOT_CELSIUS:
        return Symptom("heat", "advice", f"{said}: the daemon slows down from 78; give it air")
    return Symptom("heat", "ok", said)


def clock(synchronised: bool) -> Symptom:
    """Whether wall time can be trusted."""
    if synchronised:
        return Symptom("clock", "ok", "synchronised")
    return Symptom(
        "clock",
        "advice",
        "not synchronised: visits are kept by the time since boot, and get their time of day once "
        "it is; see timedatectl, or fit a real-time clock where there is no network",
    )


def room(path: str, free: int, *, wanted: int) -> Symptom:
    """Whether the disk has room for the store at its largest, bytes."""
    needed = wanted + _LEAST_FREE_BYTES
    said = f"{free // _MEBIBYTE} MiB free at {path}"
    if free < wanted // 8:
        return Symptom("room", "FAULT", f"{said}, expected {needed // _MEBIBYTE}: make room")
    if free < needed:
        return Symptom(
            "room",
            "advice",
            f"{said}, expected {needed // _MEBIBYTE} for the store at its largest and the system: "
            "make room, or lower store.max_bytes",
        )
    return Symptom("room", "ok", said)


def cameras(names: Sequence[str], *, source: str) -> Symptom:
    """The cameras that the kernel knows, against the one of the settings."""
    if names:
        return Symptom("cameras", "ok", f"{', '.join(names)}; the settings say {source}")
    if source in ("replay", "fake"):
        return Symptom("cameras", "ok", f"none, and the settings say {source}")
    return Symptom(
        "cameras",
        "FAULT",
        f"the kernel knows no camera, expected one for camera.source = {source!r}: with the board "
        "off, see that the cable sits well; passerby cameras knows more",
    )
