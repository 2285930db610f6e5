# SPDX-License-Identifier: Apache-2.0
"""`passerby status`: how the running daemon fares."""

import argparse
import json
from typing import Any

from device.errors import EXIT_OK
from device.verbs.arguments import daemon_directory

HELP = """\
Ask the running daemon how it fares: uptime, frames per second, visits counted since it started,
memory, camera, model bundles, sinks and clock. Exit status 61 says that no daemon runs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own options."""
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the status."""
    from device.control.client import ControlClient  # noqa: PLC0415
    from device.control.request import Request  # noqa: PLC0415

    answer = ControlClient(daemon_directory(args.settings)).ask(Request("status"))
    print(json.dumps(answer) if args.json else table(answer))
    return EXIT_OK


def table(status: dict[str, Any]) -> str:
    """The status as lines of a name and its value."""
    visits, camera, clock = status["visits"], status["camera"], status["clock"]
    trusted = "synchronised" if clock["clock_synchronised"] else "not synchronised"
    rows = {
        "state": f"{status['state']}, process {status['pid']}",
        "uptime": f"{status['uptime_seconds']:.0f} s",
        "frames": f"{status['frames']}, now {status['frames_per_second']:.1f} per second",
        "following": f"{status['following']} now, last face {_age(status)}",
        "visits": ", ".join(f"{count} {label}" for label, count in visits.items())
        + " (perceived gender, since the start)",
        "memory": ", ".join(f"{name} {value / 2**20:.1f} MiB" for name, value in _memory(status)),
        "resources": _resources(status.get("resources", {})),
        "camera": _camera(camera),
        "clock": trusted,
    }
    rows |= {f"{role} bundle": identity for role, identity in status["bundles"].items()}
    rows |= {f"sink {name}": _sink(state) for name, state in status["sinks"].items()}
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())


def _age(status: dict[str, Any]) -> str:
    last = status["last_face"]
    if last is None:
        return "none yet"
    return f"{max(0.0, status['clock']['monotonic'] - last['monotonic']):.0f} s ago"


def _camera(camera: dict[str, Any]) -> str:
    words = f"{camera['name']}, {camera['skipped']} skipped, {camera['dropped']} dropped"
    if "reason" not in camera:
        return words
    lost = f"lost {camera['lost_seconds']:.0f} s ago, {camera['failures']} times"
    if camera["state"] == "open":
        return f"{words}, back after it was {lost}: {camera['reason']}"
    return (
        f"{camera['name']}, {camera['state']}, {lost}: {camera['reason']}; next look in "
        f"{camera['next_look_seconds']:.0f} s"
    )


def _resources(told: dict[str, Any]) -> str:
    """Heat, what holds the board back, and the pace with its reason, as far as it is known."""
    words = []
    if told.get("celsius") is not None:
        words.append(f"{told['celsius']:.0f} °C")
    if told.get("throttled_now") is not None:
        words.append(", ".join(told["throttled_now"]) or "not known to be throttled")
    if told.get("throttled_since_start"):
        words.append("since the daemon's start " + ", ".join(told["throttled_since_start"]))
    if told.get("rate") is not None:
        words.append(f"at most {told['rate']:.3g} frames per second ({told['rate_reason']})")
    return ", ".join(words) or "unknown"


def _memory(status: dict[str, Any]) -> list[tuple[str, int]]:
    return [(name.removesuffix("_bytes"), value) for name, value in status["memory"].items()]


def _sink(state: dict[str, Any]) -> str:
    numbers = ", ".join(f"{value} {name}" for name, value in state.items() if type(value) is int)
    return ("ok" if state["ok"] else f"failing: {state.get('error')}") + f", {numbers}"
