# SPDX-License-Identifier: Apache-2.0
"""What machine and software this is: a figure without them says little."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

from device.interpreter import installed_runtimes, runtime_version

# Only Linux can keep a process to some of the cores, as a container does.
_PINS = hasattr(os, "sched_getaffinity")
_CPU_KEYS = ("model name", "Model", "Hardware", "uarch")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system, Python and the versions of what does the work."""
    return {
        "board": _first_text(Path("/proc/device-tree/model")),
        "cpu": _cpu(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "cores_usable": len(os.sched_getaffinity(0)) if _PINS else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": _system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "pillow": importlib.metadata.version("pillow"),
        "runtimes": {name: runtime_version(name) for name in installed_runtimes()},
    }


def _cpu() -> str:
    """The processor's own name; arm64 kernels tell only numbers, so their board is named above."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    pairs = (line.partition(":") for line in lines)
    told = {key.strip(): value.strip() for key, _, value in pairs}
    named = (told[key] for key in _CPU_KEYS if told.get(key))
    return next(named, f"{platform.machine()} part {told.get('CPU part', 'unknown')}")


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _first_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ") or None
    except OSError:
        return None
