# SPDX-License-Identifier: Apache-2.0
"""Which pictures are shown: filters by label and group, and pages of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

import streamlit as st

from training.datasets.wording import AGE_BANDS
from training.studio.charts import GENDERS

ALL: Final = "all"
ON_A_PAGE: Final = 24


class Labelled(Protocol):
    """What the filters look at: a sample, or the row of a crop."""

    @property
    def perceived_gender(self) -> str:
        """The label."""

    @property
    def age_band(self) -> str:
        """Or empty."""

    @property
    def race(self) -> str:
        """Or empty."""


L = TypeVar("L", bound=Labelled)
T = TypeVar("T")


def filtered(items: Sequence[L], key: str) -> list[L]:
    """Ask for label, age and race, each only where there is a choice; give what fits."""
    with st.container(horizontal=True):
        gender = _choice("Perceived gender", GENDERS, f"{key}-gender")
        age = _choice("Age", _present(items, lambda item: item.age_band, AGE_BANDS), f"{key}-age")
        race = _choice("Labelled race", _present(items, lambda item: item.race), f"{key}-race")
    return [
        item
        for item in items
        if gender in (ALL, item.perceived_gender)
        and age in (ALL, item.age_band)
        and race in (ALL, item.race)
    ]


def one_page(items: Sequence[T], key: str, *, at_most: int = ON_A_PAGE, unit: str) -> Sequence[T]:
    """One page of `items`, under the buttons that turn the pages."""
    pages = max(1, -(-len(items) // at_most))
    st.caption(
        f"{len(items):,} {unit}"
        + "s" * (len(items) != 1)
        + (f", {at_most} on a page" if pages > 1 else "")
    )
    number = st.pagination(pages, key=f"{key}-page-{pages}") if pages > 1 else 1
    return items[(number - 1) * at_most : number * at_most]


def in_words(item: Labelled) -> str:
    """Age and race, as far as there are labels."""
    return ", ".join(word.replace("_", " ") for word in (item.age_band, item.race) if word)


def _present(
    items: Iterable[L], value: Callable[[L], str], order: Sequence[str] = ()
) -> Sequence[str]:
    """The values that occur, in their own order or the alphabet's."""
    found = {value(item) for item in items} - {""}
    return [one for one in order if one in found] or sorted(found)


def _choice(title: str, values: Sequence[str], key: str) -> str:
    if len(values) < 2:
        return ALL
    return st.selectbox(
        title, [ALL, *values], key=key, width=165, format_func=lambda word: word.replace("_", " ")
    )
