# SPDX-License-Identifier: Apache-2.0
"""The kernel's own test webcam (vivid) on the emulated Pi, through linuxpy as a service has it."""

import io
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from system.emulated import asking
from system.emulated.faults import IMPATIENT
from system.emulated.installed import Installed, deploy
from system.emulated.machine import EmulatedPi
from system.emulated.scenario import Figures

_STILL = "/root/still.jpg"
# One capturing node with one input, which is a webcam.
_VIVID = ("node_types=0x1", "num_inputs=1", "input_types=0x0")
_DRIVER = "/sys/bus/platform/drivers/vivid"
# Its colour bars: white, yellow, cyan, green, magenta, red, blue, black.
_BARS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))


def webcam(machine: Installed, folder: Path) -> Figures:
    """A webcam is installed for, shows its true colours, is unplugged, and plugged in again."""
    with machine.pi(folder) as pi:
        pi.run("rm", asking.SETTINGS)
        said = deploy(pi, "--offline", "--webcam")
        assert "only the camera is missing" in said, said
        pi.run("modprobe", "vivid", *_VIVID)
        assert "vivid" in pi.run("passerby", "cameras").stdout
        asking.configure(pi, IMPATIENT)
        told = asking.running(pi)
        assert "webcam" in told["camera"]["name"], told["camera"]
        bars = _bars(pi)
        assert bars == _BARS, bars
        pi.run("sh", "-c", f"echo vivid.0 > {_DRIVER}/unbind")
        lost, seen = asking.until(pi, "degraded", lambda: asking.camera(pi, "degraded"))
        pi.run("sh", "-c", f"echo vivid.0 > {_DRIVER}/bind")
        _, back = asking.until(pi, "back", lambda: asking.camera(pi, "open"))
        asking.running(pi)
        assert _bars(pi) == _BARS
    return {
        "frames_per_second": round(told["frames_per_second"], 1),
        "unplugged_to_degraded_seconds": round(seen, 1),
        "plugged_in_to_frames_seconds": round(back, 1),
        "said": lost["reason"],
    }


def _bars(pi: EmulatedPi) -> tuple[tuple[int, ...], ...]:
    """Which of red, green and blue shine in each eighth of what a still shows."""
    pi.run("passerby", "capture", "--still", _STILL, check=False)
    done = subprocess.run(pi.words("cat", _STILL), capture_output=True, check=True)
    pixels = np.asarray(Image.open(io.BytesIO(done.stdout)).convert("RGB"), np.float64)
    height, width, _ = pixels.shape
    # Low down, where vivid writes no text over them, and the middle of each.
    strip = pixels[height * 3 // 4 : height * 7 // 8]
    middles = [strip[:, width * (2 * i + 1) // 16] for i in range(len(_BARS))]
    return tuple(tuple(int(level > 96) for level in each.mean(axis=0)) for each in middles)
