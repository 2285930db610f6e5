# SPDX-License-Identifier: Apache-2.0
"""The report of `training inspect` as text for a terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from training.datasets.linting import Contradiction, Inspection, Leak, Names
from training.datasets.wording import AGE_BANDS, OLDEST

MISSING = "(none)"


def of_dataset(inspection: Inspection, *, show: int) -> str:
    """Counts, faults and duplicates; at most `show` lines of a kind, 0 for all."""
    surplus = sum(len(group) - 1 for group in inspection.same)
    genders = Counter[str]()
    for count in inspection.counts:
        genders[count.perceived_gender] += count.pictures
    dropped = [fault for fault in inspection.faults if not fault.kept]
    kept = [fault for fault in inspection.faults if fault.kept]
    parts = [
        f"{inspection.name}  ({inspection.format})",
        f"{inspection.pictures} labelled pictures that can be read: perceived gender "
        f"{genders['female']} female, {genders['male']} male",
        "",
        _group_table(inspection),
        "",
        *_listed("labels not used", (f"{f.name}: {f.reason}" for f in dropped), show),
        *_listed("labels used in part or repaired", (f"{f.name}: {f.reason}" for f in kept), show),
        *_listed("unreadable", (fault.reason for fault in inspection.unreadable), show),
        *_listed("refused", (f"{r.name}: {r.reason}" for r in inspection.refused), show),
        *_listed(
            "exact duplicates, groups",
            map(_joined, inspection.same),
            show,
            more=f"{surplus} pictures too many",
        ),
        *_listed("near-duplicates, groups", map(_joined, inspection.near), show),
        *_contradictions(inspection.contradictions, show),
    ]
    return "\n".join(parts)


def of_leaks(inspections: Sequence[Inspection], leaks: Sequence[Leak], *, show: int) -> str:
    """What each two datasets share."""
    parts: list[str] = ["leakage between the paths"]
    for first, second in combinations(inspections, 2):
        shared = [k for k in leaks if (k.first, k.second) == (first.name, second.name)]
        same = sum(leak.same for leak in shared)
        inside = len({leak.second_name for leak in shared})
        share = 100 * inside / max(1, second.pictures)
        parts += _listed(
            f"{first.name} and {second.name}, shared pairs",
            map(_leak_line, sorted(shared, key=lambda leak: not leak.same)),
            show,
            more=f"{same} the same, {len(shared) - same} near; {inside} pictures of the latter, "
            f"{share:.2f} %",
        )
    return "\n".join(parts)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _group_table(inspection: Inspection) -> str:
    """Races down, age bands across, female/male in each cell, with sums."""
    cells = Counter[tuple[str, str, str]]()
    for count in inspection.counts:
        for race in (count.race or MISSING, "all"):
            for band in (count.age_band or MISSING, "all"):
                cells[count.perceived_gender, band, race] += count.pictures
    present = {key[1] for key in cells}
    bands = [band for band in (*AGE_BANDS, MISSING, "all") if band in present]
    races = [*sorted({key[2] for key in cells} - {"all"}), "all"]
    rows = [["female/male", *("70+" if band == OLDEST else band for band in bands)]]
    rows += [
        [race, *(f"{cells['female', band, race]}/{cells['male', band, race]}" for band in bands)]
        for race in races
    ]
    return table(rows)


def _contradictions(contradictions: Sequence[Contradiction], show: int) -> list[str]:
    """Those about perceived gender first, since they teach a model the opposite."""
    about_gender = [c for c in contradictions if "perceived_gender" in c.differ_in]
    others = [c for c in contradictions if "perceived_gender" not in c.differ_in]
    return [
        *_listed(
            "duplicates that contradict each other in perceived gender, groups",
            map(_contradiction_line, about_gender),
            show,
            more=f"{sum(c.same for c in about_gender)} of them exact",
        ),
        *_listed(
            "duplicates that differ in age or race only, groups",
            map(_contradiction_line, others),
            show,
        ),
    ]


def _contradiction_line(contradiction: Contradiction) -> str:
    pairs = zip(contradiction.names, contradiction.labels, strict=True)
    kind = "same" if contradiction.same else "near"
    return f"{kind}: " + " = ".join(f"{name} ({label})" for name, label in pairs)


def _leak_line(leak: Leak) -> str:
    labels = ", and perceived gender differs" if leak.labels_differ else ""
    return f"{'same' if leak.same else 'near'}: {leak.first_name} = {leak.second_name}{labels}"


def _joined(names: Names) -> str:
    return " = ".join(names)


def _listed(title: str, lines: Iterable[str], show: int, *, more: str = "") -> list[str]:
    """A heading with the number of lines, then the first `show` of them."""
    found = list(lines)
    shown = found if show <= 0 else found[:show]
    rest = len(found) - len(shown)
    return [
        f"{title}: {len(found)}" + (f" ({more})" if more and found else ""),
        *(f"  {line}" for line in shown),
        *([f"  ... and {rest} more (--show 0 lists all)"] if rest else []),
    ]
