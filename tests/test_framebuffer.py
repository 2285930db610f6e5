# SPDX-License-Identifier: Apache-2.0
"""The framebuffer, on ordinary files of any geometry and behind a device's own answers."""

import fcntl
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from kiosks import doorway_frame
from PIL import Image
from test_pixels import screeninfo

from device.displays.framebuffer import FBIOGET_FSCREENINFO, FBIOGET_VSCREENINFO, FramebufferSurface
from device.displays.pixels import RGB565, XRGB8888, Geometry, PixelFormat, file_geometry, unpacked
from device.errors import DisplayError

SIZE = (64, 40)


def shown(path: Path, geometry: Geometry) -> Image.Image:
    memory = np.frombuffer(path.read_bytes(), np.uint8)
    return unpacked(geometry.visible(memory), geometry.pixel)


def surface(path: Path, geometry: Geometry | None) -> FramebufferSurface:
    return FramebufferSurface(path, console=None, geometry=geometry)


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("padding", [0, 48])
def test_shows_pictures_where_they_are_put(tmp_path: Path, bits: int, padding: int) -> None:
    geometry = file_geometry(SIZE, bits, padding=padding)
    expected = Image.new("RGB", SIZE)
    part = Image.fromarray(doorway_frame()).resize((20, 11))
    path = tmp_path / "fb"
    with surface(path, geometry) as screen:
        assert screen.size == SIZE
        for at in ((0, 0), (30, 5), (44, 29)):
            screen.put(part, at)
            expected.paste(part, at)
        screen.present()
        found = np.asarray(shown(path, geometry)).astype(int)
        assert np.abs(found - np.asarray(expected)).max() <= (0 if bits == 32 else 8)
        raw = np.frombuffer(path.read_bytes(), np.uint8).reshape(SIZE[1], -1)
        assert not raw[:, SIZE[0] * bits // 8 :].any()


def test_leaves_the_screen_black(tmp_path: Path) -> None:
    path = tmp_path / "fb"
    with surface(path, file_geometry(SIZE, 32)) as screen:
        screen.put(Image.new("RGB", SIZE, "#FFFFFF"), (0, 0))
        assert any(path.read_bytes())
    assert not any(path.read_bytes())
    assert path.stat().st_size == SIZE[0] * SIZE[1] * 4


def test_a_file_of_it_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "fb"
    with surface(path, file_geometry(SIZE, 32)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("pixel", "line"), [(RGB565, 128), (RGB565, 192), (XRGB8888, 256), (XRGB8888, 320)]
)
def test_asks_a_device_for_its_geometry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixel: PixelFormat, line: int
) -> None:
    """A device's answers are stood in for; all else is the way that a device goes."""
    var, fix = screeninfo(pixel, size=SIZE, at=(0, 3), line=line)
    answers = {FBIOGET_VSCREENINFO: var, FBIOGET_FSCREENINFO: fix}
    monkeypatch.setattr(fcntl, "ioctl", lambda handle, request, argument: answers[request])
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: False)
    path = tmp_path / "fb"
    path.write_bytes(bytes(line * 43))
    geometry = Geometry(*SIZE, line, pixel, first_row=3)
    with surface(path, None) as screen:
        assert screen.size == SIZE
        screen.put(Image.new("RGB", SIZE, "#FFFFFF"), (0, 0))
        assert (np.asarray(shown(path, geometry)) == 255).all()
        assert not any(path.read_bytes()[: 3 * line])


def test_no_device_is_said_in_a_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(DisplayError, match="expected a framebuffer") as caught,
        surface(tmp_path / "fb0", None),
    ):
        pass
    assert caught.value.exit_status == 55


def test_a_device_that_is_no_framebuffer_is_said_in_a_sentence() -> None:
    with pytest.raises(DisplayError, match="cannot be used"), surface(Path("/dev/null"), None):
        pass


def test_an_ordinary_file_needs_a_size_and_must_not_be_another(tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_bytes(b"Dear Sir")
    with pytest.raises(DisplayError, match="ordinary file"), surface(path, None):
        pass
    with (
        pytest.raises(DisplayError, match="a file of 8 bytes"),
        surface(path, file_geometry(SIZE, 32)),
    ):
        pass
    assert path.read_bytes() == b"Dear Sir"


def test_nothing_stays_open_after_a_failure_or_the_end(tmp_path: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    with pytest.raises(DisplayError), surface(Path("/dev/null"), None):
        pass
    with surface(tmp_path / "fb", file_geometry(SIZE, 16)):
        assert count() > before
    assert count() == before
    os.unlink(tmp_path / "fb")  # noqa: PTH108  it is let go of


def test_a_closed_screen_takes_nothing(tmp_path: Path) -> None:
    screen = surface(tmp_path / "fb", file_geometry(SIZE, 32))
    with screen:
        pass
    screen.put(Image.new("RGB", SIZE, "#FFFFFF"), (0, 0))
    assert not any((tmp_path / "fb").read_bytes())
