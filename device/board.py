# SPDX-License-Identifier: Apache-2.0
"""What the board tells about itself: its model, its heat, its supply; None where it is silent.

The bits are those of `vcgencmd get_throttled`, which the Pi's kernel also gives in sysfs, where no
rights are needed to read them:
https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
"""

from dataclasses import dataclass
from pathlib import Path

_MODEL = "proc/device-tree/model"
_TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
_THROTTLED = (
    "sys/devices/platform/soc/soc:firmware/get_throttled",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled",
    "sys/devices/platform/axi/1001000000.firmware/get_throttled",
)
_NOW = {
    0: "under-voltage",
    1: "the clock rate is capped",
    2: "throttled",
    3: "at the soft temperature limit",
}
# The same, since boot, sixteen bits further up.
_SINCE_BOOT = 16


@dataclass(frozen=True, slots=True)
class Throttling:
    """What holds the processor back now, and what did since boot, in words."""

    now: tuple[str, ...]
    since_boot: tuple[str, ...]

    @classmethod
    def of(cls, bits: int) -> "Throttling":
        """From the firmware's bits."""
        return cls(
            tuple(words for bit, words in _NOW.items() if bits >> bit & 1),
            tuple(words for bit, words in _NOW.items() if bits >> (bit + _SINCE_BOOT) & 1),
        )


class Board:
    """Reads what the kernel tells.

    Args:
        root: where /proc and /sys are; tests have their own.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def read(self, name: str) -> str | None:
        """A small text file of the kernel's, stripped; None where there is none."""
        try:
            text = (self._root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        return text.strip("\0\n ")

    @property
    def model(self) -> str | None:
        """Such as "Raspberry Pi Zero 2 W Rev 1.0"; None on other machines."""
        model = self.read(_MODEL)
        return model if model and "Raspberry Pi" in model else None

    @property
    def celsius(self) -> float | None:
        """The processor's temperature."""
        text = self.read(_TEMPERATURE) or ""
        return int(text) / 1000 if text.lstrip("-").isdigit() else None

    @property
    def throttling(self) -> Throttling | None:
        """What the firmware says of supply and heat."""
        for name in _THROTTLED:
            text = self.read(name)
            if text is not None:
                try:
                    return Throttling.of(int(text, 16))
                except ValueError:
                    return None
        return None

    def mebibytes(self, key: str) -> int | None:
        """A line of /proc/meminfo, such as "CmaTotal"."""
        for line in (self.read("proc/meminfo") or "").splitlines():
            name, _, rest = line.partition(":")
            if name == key:
                return int(rest.split()[0]) // 1024
        return None
