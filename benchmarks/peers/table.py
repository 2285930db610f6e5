# SPDX-License-Identifier: Apache-2.0
"""The comparison as Markdown: what the README shows, then all groups and all ways."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from benchmarks.peers.entrants import NPM, OURS, PYPI
from benchmarks.peers.figures import Milliseconds, Standing, Way, best, of
from benchmarks.peers.sizes import Size
from device.bundle.manifest import Figure

PRODUCTS: Final = (OURS, PYPI, NPM)
MIB: Final = 2**20
GROUPS: Final = ("gender", "race", "age", "ages")
WORST_CELL_N: Final = 30


class Report(msgspec.Struct, frozen=True):
    """All that one run found out; results/*.json holds it as it stands.

    Attributes:
        created: when it ended, UTC.
        dataset, dataset_sha256, n: the labelled pictures (a folder has no hash), how many of them.
        threads, processor_pinned: one each, on the same processor.
        machine: as `passerby bench` describes it, with node's version.
        sizes: by product.
        ways: the figures of each way of using each product.
        standings: ours against each peer.
        answers: of each way, one letter a picture in the dataset's order: f, m, or - for none.
        method: how it was done, in sentences.
    """

    created: str
    dataset: str
    dataset_sha256: str
    n: int
    threads: int
    processor_pinned: bool
    machine: dict[str, Any]
    sizes: dict[str, Size]
    ways: list[Way]
    standings: list[Standing]
    answers: dict[str, str]
    method: list[str]


def markdown(report: Report) -> str:
    """The whole document."""
    parts = [
        f"# Passerby beside its peers: {report.dataset}, {report.n} pictures",
        headline(report),
        *(_stands(one) for one in report.standings),
        "## Accuracy by group",
        groups(report),
        "## Every way of use",
        all_ways(report.ways),
        "## How it was measured",
        "\n".join(f"- {sentence}" for sentence in report.method),
    ]
    return "\n\n".join(parts) + "\n"


def headline(report: Report) -> str:
    """One column for each product; each line takes the way that suits the peer best."""
    lines: list[tuple[str, Callable[[str], str]]] = [
        ("accuracy", lambda p: _figure(best(report.ways, p).accuracy)),
        ("women / men", lambda p: _pair(best(report.ways, p), "gender female", "gender male")),
        ("under ten / from ten up", lambda p: _pair(best(report.ways, p), *_AGES)),
        ("worst race x gender", lambda p: _worst(best(report.ways, p))),
        ("picture to answer, ms: median (95 %)", lambda p: _fastest(report.ways, p, "picture_ms")),
        ("... of processor time", lambda p: _fastest(report.ways, p, "picture_cpu_ms")),
        ("found face to answer, ms", lambda p: _fastest(report.ways, p, "face_ms")),
        ("... of processor time", lambda p: _fastest(report.ways, p, "face_cpu_ms")),
        ("peak memory, picture to answer", lambda p: _memory(_whole(report.ways, p))),
        ("peak memory, least of its ways", lambda p: _memory(of(report.ways, p))),
        ("classifier on disk", lambda p: _bytes(report.sizes[p].classifier)),
        ("all its models on disk", lambda p: _bytes(report.sizes[p].models)),
        ("installed, with all it needs", lambda p: _bytes(report.sizes[p].installed)),
    ]
    head = [f"{report.dataset}, {report.n} pictures"]
    head += [f"{product} {report.sizes[product].version}" for product in PRODUCTS]
    return _table(head, [[name, *(tell(p) for p in PRODUCTS)] for name, tell in lines])


_AGES: Final = ("ages under 10", "ages 10 and up")


def groups(report: Report) -> str:
    """Accuracy of each product's more accurate way, by gender, race and age band."""
    chosen = [best(report.ways, product) for product in PRODUCTS]
    names = [name for name in chosen[0].groups if name.split()[0] in GROUPS]
    rows = [
        [f"{name} (n {chosen[0].groups[name].n})", *(_figure(way.groups[name]) for way in chosen)]
        for name in names
    ]
    return _table(["group", *(f"{way.product}, {way.way}" for way in chosen)], rows)


def all_ways(found: Sequence[Way]) -> str:
    """One line for each way of using each product."""
    head = ["way", "runtime", "found", "accuracy", "picture, ms", "processor, ms", "face, ms"]
    rows = [
        [
            f"{way.product}: {way.way}{_crop(way)}",
            way.runtime,
            f"{way.found.value:.1%}",
            _figure(way.accuracy),
            _ms(way.picture_ms),
            _ms(way.picture_cpu_ms),
            "-" if way.face_ms is None else _ms(way.face_ms),
            _bytes(way.peak_bytes),
        ]
        for way in found
    ]
    return _table([*head, "peak memory"], rows)


def _stands(one: Standing) -> str:
    def verdict(met: bool) -> str:
        return "met" if met else "NOT met"

    return (
        f"Against {one.peer}: {one.points_ahead:+.1f} points (7 wanted: "
        f"{verdict(one.more_accurate)}); {one.picture_times:.2f} times its time from the picture "
        f"({one.picture_cpu_times:.2f} by processor time) and {one.face_times:.2f} times from the "
        f"face ({one.face_cpu_times:.2f}) (no slower: {verdict(one.no_slower)}); "
        f"{one.memory_times:.2f} times its memory (less: {verdict(one.smaller)})."
    )


def _whole(found: Sequence[Way], product: str) -> list[Way]:
    """The ways in which one process goes all the way from a picture to the answer."""
    return [way for way in of(found, product) if way.crop is None]


def _fastest(found: Sequence[Way], product: str, kind: str) -> str:
    timed: list[Milliseconds] = [
        value for way in of(found, product) if (value := getattr(way, kind)) is not None
    ]
    return _ms(min(timed, key=lambda one: one.median)) if timed else "-"


def _memory(found: Sequence[Way]) -> str:
    return _bytes(min(way.peak_bytes for way in found))


def _worst(way: Way) -> str:
    """The worst cell of race x gender that has enough pictures to say anything."""
    cells = {
        name.removeprefix("cell "): figure
        for name, figure in way.groups.items()
        if name.startswith("cell ") and figure.n >= WORST_CELL_N
    }
    if not cells:
        return "-"
    name = min(cells, key=lambda cell: cells[cell].value)
    return f"{name} {cells[name].value:.1%}"


def _pair(way: Way, first: str, second: str) -> str:
    values = (way.groups.get(name) for name in (first, second))
    return " / ".join("-" if value is None else f"{value.value:.1%}" for value in values)


def _crop(way: Way) -> str:
    if way.crop is None:
        return ""
    return f" (x{way.crop['scale']:g}, {'level' if way.crop['level'] else 'upright'})"


def _figure(value: Figure) -> str:
    return f"{value.value:.1%} ({value.low:.1%} - {value.high:.1%})"


def _ms(value: Milliseconds) -> str:
    return f"{value.median:.1f} ({value.p95:.1f})"


def _bytes(value: int) -> str:
    return f"{value / MIB:.1f} MiB"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
