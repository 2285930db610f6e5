# SPDX-License-Identifier: Apache-2.0
"""What came of the scenarios, as Markdown for people and JSON for programs."""

import json
import platform
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from system.emulated.machine import MEMORY_MEGABYTES
from system.emulated.scenario import Figures


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one scenario went; `fault` is empty when it passed."""

    name: str
    about: str
    seconds: float
    fault: str = ""
    figures: Figures = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return not self.fault


def write(folder: Path, outcomes: list[Outcome], made: dict[str, float]) -> Path:
    """Write report.md and report.json; the former's path. `made` tells how the machine was made."""
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    told = {
        "when": when,
        "host": f"{platform.machine()}, Python {platform.python_version()}",
        "memory_megabytes": MEMORY_MEGABYTES,
        "made": made,
        "scenarios": [{**asdict(one), "passed": one.passed} for one in outcomes],
    }
    (folder / "report.json").write_text(json.dumps(told, indent=1) + "\n")
    path = folder / "report.md"
    path.write_text(_markdown(when, outcomes, made))
    return path


def _markdown(when: str, outcomes: list[Outcome], made: dict[str, float]) -> str:
    lines = [
        "# The emulated Pi",
        "",
        f"{when}. QEMU, Cortex-A72, two processors, {MEMORY_MEGABYTES} MB, Debian Trixie, the real "
        "picamera2 on libcamera's virtual camera. Seconds are of an emulated machine.",
        "",
        "Made: " + ", ".join(_figure(*item) for item in made.items()) + ".",
        "",
        "| scenario | | seconds | figures |",
        "|---|---|---|---|",
    ]
    for one in outcomes:
        verdict = "pass" if one.passed else "**FAIL**"
        figures = one.fault.splitlines()[0] if one.fault else ""
        figures = figures or ", ".join(_figure(*item) for item in one.figures.items())
        lines.append(f"| {one.name} | {verdict} | {one.seconds:.0f} | {figures} |")
    lines += ["", *(f"- `{one.name}`: {one.about}" for one in outcomes), ""]
    for one in outcomes:
        if one.fault:
            lines += [f"## {one.name}", "", "```", one.fault, "```", ""]
    return "\n".join(lines)


def _figure(name: str, value: float | int | str) -> str:
    shown = f"{value:.1f}" if isinstance(value, float) else f"{value}"
    return f"{name.replace('_', ' ')} {shown}"
