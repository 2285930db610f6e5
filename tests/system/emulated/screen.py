# SPDX-License-Identifier: Apache-2.0
"""The kiosk on the emulated Pi's screen, photographed and compared with what should be there."""

import time
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from device.overlay.layout import Area, Layout, lay_out
from device.overlay.panels import notice_bar
from device.overlay.theme import PLAIN
from device.pictures import decode
from system.emulated import asking
from system.emulated.image import DOORWAY, SHOWN
from system.emulated.installed import UNIT, Installed
from system.emulated.machine import SCREEN, EmulatedPi
from system.emulated.scenario import Figures

KIOSK = "passerby-kiosk.service"
#: The pictures that are kept, in the scenario's folder: the second is of a boot.
PHOTOGRAPH, BOOTED = "kiosk.png", "kiosk-booted.png"
MOST_RESIDENT_BYTES = 110_000_000
_PROMPT = "getty@tty1.service"
_FRAME = (640, 480)
# The virtual camera calls its JPEGs' full range of levels the limited one, which makes darks 16
# levels darker and brights as much brighter; text may differ by the edges of its letters.
_PICTURE_LEVELS, _NOTICE_LEVELS = 12.0, 4.0
_BOX_PIXELS = 200


def kiosk(machine: Installed, folder: Path) -> Figures:
    """It takes over from headless and from the login prompt, at once and at a boot after a cut."""
    photograph, layout = folder / PHOTOGRAPH, lay_out(SCREEN, _FRAME)
    with machine.pi(folder) as pi:
        pi.run("systemctl", "enable", "--now", _PROMPT)  # as a Raspberry Pi OS has it
        assert _active(pi, UNIT, _PROMPT) == {UNIT, _PROMPT}
        pi.run("systemctl", "disable", UNIT)
        pi.run("systemctl", "enable", KIOSK)
        began = time.monotonic()
        asking.show_only(pi, "000.jpg", unit=KIOSK)
        started = time.monotonic() - began
        assert _active(pi, UNIT, _PROMPT, KIOSK) == {KIOSK}
        picture, notice = _photographed(pi, photograph, layout)
        resident = asking.status(pi)["memory"]["peak_bytes"]
        assert resident <= MOST_RESIDENT_BYTES, f"the kiosk's peak is {resident} bytes"
        pi.run("sync")
        pi.pull_plug()
        pi.power_on()
        # The login prompt belongs to that target, which has asked for it by then.
        up = {KIOSK, "getty.target"}
        asking.until(pi, "up", lambda: _active(pi, *up) == up)
        assert _active(pi, UNIT, _PROMPT) == set()
        _photographed(pi, folder / BOOTED, layout)
    return {
        "start_to_ready_seconds": round(started, 1),
        "photograph": str(photograph),
        "picture_difference_levels": round(picture, 2),
        "notice_difference_levels": round(notice, 2),
        "kiosk_peak_megabytes": round(resident / 1e6, 1),
    }


def _active(pi: EmulatedPi, *units: str) -> set[str]:
    """Those of the units that are active."""
    return {one for one in units if pi.show(one, "ActiveState") == {"ActiveState": "active"}}


def _photographed(pi: EmulatedPi, photograph: Path, layout: Layout) -> tuple[float, float]:
    """Its screen once there are people in boxes; how it differs, as `compare` has it."""
    asking.running(pi)
    asking.until(pi, "people in boxes", lambda: _boxed(pi, photograph, layout))
    return compare(photograph, layout)


def compare(photograph: Path, layout: Layout) -> tuple[float, float]:
    """Mean differences, in levels of 255, of the picture outside of boxes and of the notice."""
    screen = Image.open(photograph).convert("RGB")
    assert screen.size == SCREEN
    with zipfile.ZipFile(DOORWAY) as doorway:
        pixels = decode(doorway.read(f"frames/{SHOWN[0]}.jpg"), name=SHOWN[0])
    bilinear = Image.Resampling.BILINEAR
    expected = np.asarray(Image.fromarray(pixels).resize(layout.picture.size, bilinear), np.float64)
    # Boxes and labels stand around faces, in the middle: the rim shows the picture alone.
    rim = np.ones(expected.shape[:2], bool)
    height, width = rim.shape
    rim[height // 8 : -height // 8, width // 12 : -width // 12] = False
    picture = float(np.abs(_part(screen, layout.picture) - expected)[rim].mean())
    bar = np.asarray(notice_bar(layout.notice.size, theme=PLAIN), np.float64)
    notice = float(np.abs(_part(screen, layout.notice) - bar).mean())
    assert picture < _PICTURE_LEVELS, f"the picture is {picture:.1f} levels off"
    assert notice < _NOTICE_LEVELS, f"the notice is {notice:.1f} levels off"
    counts = _part(screen, layout.counts)
    assert counts.std() > 5, "there are no counts"
    return picture, notice


def _boxed(pi: EmulatedPi, photograph: Path, layout: Layout) -> bool:
    """Take a photograph; whether there are boxes on it."""
    pi.screenshot(photograph)
    pixels = _part(Image.open(photograph).convert("RGB"), layout.picture)
    colours = (ImageColor.getrgb(one) for one in (PLAIN.female, PLAIN.male, PLAIN.unsure))
    near = (np.abs(pixels - np.array(one)).max(axis=2) < 9 for one in colours)
    return any(int(mask.sum()) > _BOX_PIXELS for mask in near)


def _part(picture: Image.Image, area: Area) -> NDArray[np.float64]:
    (x, y), (width, height) = area.at, area.size
    return np.asarray(picture.crop((x, y, x + width, y + height)), np.float64)
