# SPDX-License-Identifier: Apache-2.0
"""Turns the words that people and spreadsheets write into the labels used here.

Age bands and races are those of FairFace (Kärkkäinen and Joo, WACV 2021); UTKFace adds Asian and
Other.
"""

import re
from typing import Final

from training.datasets.base import LabelledGender

OLDEST: Final = "more than 70"
AGE_BANDS: Final = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", OLDEST)
FAIRFACE_RACES: Final = (
    "Black",
    "East Asian",
    "Indian",
    "Latino_Hispanic",
    "Middle Eastern",
    "Southeast Asian",
    "White",
)
UTKFACE_RACES: Final = ("White", "Black", "Asian", "Indian", "Other")
MAX_AGE_YEARS: Final = 120

_FEMALE: Final = frozenset({"female", "females", "f", "woman", "women", "girl", "girls"})
_MALE: Final = frozenset({"male", "males", "m", "man", "men", "boy", "boys"})
_RACES: Final = {
    race.casefold().replace("_", " "): race for race in (*FAIRFACE_RACES, *UTKFACE_RACES)
}
# Spreadsheets read 3-9 and 10-19 as dates and save what they then show.
_SEPTEMBER_3: Final = re.compile(
    r"0?3-sep(tember)?|0?9-mar(ch)?|sep-0?3|mar-0?9|\d{4}-(09-03|03-09)|0?3/0?9(/\d+)?|0?9/0?3(/\d+)?"
)
_OCTOBER_19: Final = re.compile(
    r"19-oct(ober)?|oct(ober)?-(20)?19|10-(oct|nov)(ember)?|2019-10(-\d\d)?|10/19(/\d+)?|19/10(/\d+)?"
)


def gender_of(word: str) -> LabelledGender | None:
    """The perceived gender that a word names in any case, or None."""
    plain = word.strip().casefold()
    if plain in _FEMALE:
        return "female"
    return "male" if plain in _MALE else None


def race_of(word: str) -> str | None:
    """The race that a word names in any case, with spaces, underscores or hyphens; or None."""
    return _RACES.get(re.sub(r"[\s_-]+", " ", word.strip()).casefold())


def band_of_years(years: int) -> str:
    """The age band of an age in years; 70 itself is in the last one, as in FairFace's paper."""
    if years <= 2:
        return AGE_BANDS[0]
    if years <= 9:
        return AGE_BANDS[1]
    return AGE_BANDS[years // 10 + 1] if years < 70 else OLDEST


def band_of(word: str) -> tuple[str, bool] | None:
    """The age band that a word names and whether it was repaired; or None.

    Knows the bands, ages in years, `70+`, and the dates that spreadsheets make of 3-9 and 10-19.
    """
    plain = re.sub(r"\s*[-\u2013\u2014]\s*", "-", word.strip().casefold())
    if plain in AGE_BANDS:
        return plain, False
    if plain in {"70+", ">70", ">=70", "70-", "70 and more", "more than 70 years"}:
        return OLDEST, False
    if re.fullmatch(r"[0-9]{1,3}", plain) and int(plain) <= MAX_AGE_YEARS:
        return band_of_years(int(plain)), False
    if _SEPTEMBER_3.fullmatch(plain):
        return "3-9", True
    if _OCTOBER_19.fullmatch(plain):
        return "10-19", True
    return None
