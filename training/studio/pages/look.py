# SPDX-License-Identifier: Apache-2.0
"""Look: the pictures with their labels, their numbers, doubles, and what the device will see."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from training.datasets.linting import Inspection
from training.datasets.wording import AGE_BANDS
from training.studio import charts, crops, markup
from training.studio.choosing import choose_dataset
from training.studio.filters import filtered, in_words, one_page
from training.studio.findings import groups_of
from training.studio.home import Home, StoredDataset
from training.studio.markup import Figure
from training.studio.shelf import Shelf, shelf_of

VIEWS: Final = ("Pictures", "Numbers", "Doubles", "Crops", "Not found")
YEARS_IN_A_BIN: Final = 5

Groups = Sequence[tuple[Sequence[str], Sequence[str]]]
"""Names of pictures that show the same, and their labels where these contradict each other."""


def show(home: Home) -> None:
    """The page."""
    dataset = choose_dataset(home)
    inspection = dataset.inspection() if dataset is not None else None
    if dataset is None or inspection is None:
        return
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, key="view", label_visibility="collapsed"
    )
    if view == "Pictures":
        _pictures(shelf_of(dataset), inspection)
    elif view == "Numbers":
        _numbers(shelf_of(dataset), inspection)
    elif view == "Doubles":
        _doubles(shelf_of(dataset), inspection)
    else:
        busy = any(run.job.alive() for run in home.runs())
        _crops(dataset, busy=busy, not_found=view == "Not found")


def _pictures(shelf: Shelf, inspection: Inspection) -> None:
    """A grid with labels."""
    unreadable = {fault.name for fault in inspection.unreadable}
    readable = [sample for sample in shelf.samples if sample.name not in unreadable]
    chosen = one_page(filtered(readable, "pictures"), "pictures", unit="picture")
    markup.grid(
        Figure(shelf.small(one.name), one.perceived_gender, in_words(one), title=one.name)
        for one in chosen
    )
    st.caption(
        "Labels say how the people who labelled a picture perceived it. Age and race serve to "
        "compare groups; they never reach the device."
    )


def _numbers(shelf: Shelf, inspection: Inspection) -> None:
    """Bars by perceived gender, age and labelled race."""
    totals: dict[str, int] = {}
    for count in inspection.counts:
        gender = count.perceived_gender
        totals[gender] = totals.get(gender, 0) + count.pictures
    charts.show_chart(charts.genders([("", gender, n) for gender, n in totals.items()]))
    _ages(shelf, inspection)
    if any(count.race for count in inspection.counts):
        charts.show_chart(charts.groups(groups_of(inspection, "race")))


def _ages(shelf: Shelf, inspection: Inspection) -> None:
    """Years where the labels have them, else age bands."""
    bins: dict[tuple[int, str], int] = {}
    for sample in shelf.samples:
        if sample.age_years is not None:
            key = (sample.age_years // YEARS_IN_A_BIN * YEARS_IN_A_BIN, sample.perceived_gender)
            bins[key] = bins.get(key, 0) + 1
    if bins:
        lowest, highest = min(bins)[0], max(bins)[0]
        order = [_bin(low) for low in range(lowest, highest + 1, YEARS_IN_A_BIN)]
        counts = [(_bin(low), gender, n) for (low, gender), n in sorted(bins.items())]
        chart = charts.ages(counts, order=order, title="Pictures by age", axis="Age in years")
    elif any(count.age_band for count in inspection.counts):
        counts = list(groups_of(inspection, "age_band", AGE_BANDS))
        chart = charts.ages(counts, order=AGE_BANDS, title="Pictures by age", axis="Age band")
    else:
        st.caption("The labels tell no ages.")
        return
    charts.show_chart(chart)


def _bin(low: int) -> str:
    return f"{low}-{low + YEARS_IN_A_BIN - 1}"


def _doubles(shelf: Shelf, inspection: Inspection) -> None:
    """Contradictory labels first, then equal files, then near-duplicates, as pairs."""
    worst_first = sorted(
        inspection.contradictions, key=lambda one: "perceived_gender" not in one.differ_in
    )
    contradictory: Groups = [(one.names, one.labels) for one in worst_first]
    told = {names for names, _ in contradictory}
    kinds: dict[str, Groups] = {
        "Contradictory labels": contradictory,
        "Exact duplicates": [(names, ()) for names in inspection.same if names not in told],
        "Near-duplicates": [(names, ()) for names in inspection.near if names not in told],
    }
    offered = [f"{title}: {len(groups):,}" for title, groups in kinds.items()]
    chosen = st.segmented_control("Kind", offered, default=offered[0], required=True, key="doubles")
    title, groups = list(kinds.items())[offered.index(chosen) if chosen in offered else 0]
    if not groups:
        st.success(f"{title}: none.", icon=":material/check:")
        return
    markup.pairs(
        (
            _heading(labels),
            [_one_of(shelf, name, label) for name, label in _labelled(names, labels)],
        )
        for names, labels in one_page(groups, f"doubles-{title}", at_most=8, unit="group")
    )


def _heading(labels: Sequence[str]) -> str:
    if not labels:
        return "One picture several times"
    genders = {label.split()[0] for label in labels}
    if len(genders) > 1:
        return "One picture, labelled female and male: never trained on"
    return "One picture, labels differ in age or race"


def _labelled(names: Sequence[str], labels: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(names, labels or [""] * len(names), strict=True))


def _one_of(shelf: Shelf, name: str, label: str) -> Figure:
    sample = shelf.sample(name)
    own = f"{sample.perceived_gender} {in_words(sample)}" if sample else ""
    return Figure(shelf.small(name), label or own, name)


def _crops(dataset: StoredDataset, *, busy: bool, not_found: bool) -> None:
    """What the device will see of the pictures, or those in which it finds no face."""
    prepared = crops.choose_prepared(dataset, busy=busy)
    if prepared is not None and not_found:
        crops.show_missed(prepared, shelf_of(dataset))
    elif prepared is not None:
        crops.show_crops(prepared)
