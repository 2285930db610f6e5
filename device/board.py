# SPDX-License-Identifier: Apache-2.0
"""What the board tells about itself: its model, its heat, its supply; None where it is silent.

Two files tell of the supply, and no rights are needed to read them. The kernel asks the firmware
every two seconds and has it forget what has occurred, so both tell of the last seconds, not of all
the time since boot:

* `in0_lcrit_alarm` of the hwmon named "rpi_volt" (any kernel): under-voltage.
* `get_throttled` (Raspberry Pi's kernel): the word that the kernel got last. The file is
  deprecated, which the kernel says in its log, once, when it is first read; nothing else shows
  throttling without /dev/vcio, which the daemon's sandbox has not.

The kernel's drivers/hwmon/raspberrypi-hwmon.c and drivers/firmware/raspberrypi.c, and the bits:
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
_SENSORS = "sys/class/hwmon"
_SUPPLY_SENSOR = "rpi_volt"
_WORDS = {
    0: "under-voltage",
    1: "the clock rate is capped",
    2: "throttled",
    3: "at the soft temperature limit",
}
_UNDER_VOLTAGE = 1 << 0
_SOFT_LIMIT = 1 << 3
_NOW = 0xF
# What has occurred: the same bits, sixteen further up.
_OCCURRED = 16


@dataclass(frozen=True, slots=True)
class Throttling:
    """What holds the processor back.

    Attributes:
        bits: as the firmware sets them; over what time it has "occurred" depends on who asked it.
        only_voltage: whether nothing but under-voltage could be seen.
    """

    bits: int
    only_voltage: bool = False

    @property
    def now(self) -> tuple[str, ...]:
        """What holds it back at present, in words."""
        return tuple(words for bit, words in _WORDS.items() if self.bits >> bit & 1)

    @property
    def occurred(self) -> tuple[str, ...]:
        """What has held it back, in words."""
        return Throttling(self.bits >> _OCCURRED).now

    @property
    def without_soft_limit(self) -> "Throttling":
        """Less the soft limit: from 60 °C a Pi 3B+ or 3A+ lowers its clock a little, as meant."""
        return Throttling(self.bits & ~(_SOFT_LIMIT | _SOFT_LIMIT << _OCCURRED), self.only_voltage)

    def after(self, earlier: "Throttling | None") -> "Throttling":
        """The same, with all that is and has been, `earlier` too, as occurred."""
        occurred = (self.bits & _NOW) << _OCCURRED
        if earlier is not None:
            occurred |= earlier.bits & _NOW << _OCCURRED
        return Throttling(self.bits | occurred, self.only_voltage)


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
        """What the kernel last heard of supply and heat, at most some seconds ago."""
        word, alarm = self._word(), self._supply_alarm()
        if word is None and alarm is None:
            return None
        return Throttling((word or 0) | (_UNDER_VOLTAGE if alarm else 0), word is None)

    def _word(self) -> int | None:
        for name in _THROTTLED:
            text = self.read(name)
            if text is not None:
                try:
                    return int(text, 16)
                except ValueError:
                    return None
        return None

    def _supply_alarm(self) -> bool | None:
        for folder in (self._root / _SENSORS).glob("hwmon*"):
            sensor = folder.relative_to(self._root)
            if self.read(f"{sensor}/name") == _SUPPLY_SENSOR:
                alarm = self.read(f"{sensor}/in0_lcrit_alarm")
                return None if alarm is None else alarm == "1"
        return None

    def mebibytes(self, key: str) -> int | None:
        """A line of /proc/meminfo, such as "CmaTotal"."""
        for line in (self.read("proc/meminfo") or "").splitlines():
            name, _, rest = line.partition(":")
            if name == key:
                return int(rest.split()[0]) // 1024
        return None
