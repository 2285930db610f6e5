# SPDX-License-Identifier: Apache-2.0
"""The words of people and spreadsheets become labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.datasets.wording import (
    AGE_BANDS,
    FAIRFACE_RACES,
    UTKFACE_RACES,
    band_of,
    band_of_years,
    gender_of,
    race_of,
)


@pytest.mark.parametrize("word", ["Female", "FEMALE", " f ", "woman", "Women", "girl"])
def test_words_for_female(word: str) -> None:
    assert gender_of(word) == "female"


@pytest.mark.parametrize("word", ["Male", "male", "M", "man", "MEN", "boys"])
def test_words_for_male(word: str) -> None:
    assert gender_of(word) == "male"


@pytest.mark.parametrize("word", ["", "0", "1", "unknown", "femalee"])
def test_words_for_neither(word: str) -> None:
    assert gender_of(word) is None


@pytest.mark.parametrize("band", AGE_BANDS)
def test_bands_stay_as_they_are(band: str) -> None:
    assert band_of(f" {band.upper()} ") == (band, False)
    assert band_of(band.replace("-", " \u2013 ")) == (band, False)


@pytest.mark.parametrize(
    "word",
    ["03-Sep", "3-Sep", "Sep-03", "9-Mar", "09-Mar", "2017-09-03", "3/9/2017", "03/09", "9/3"],
)
def test_three_to_nine_damaged_by_a_spreadsheet(word: str) -> None:
    assert band_of(word) == ("3-9", True)


@pytest.mark.parametrize("word", ["Oct-19", "19-Oct", "10-Nov", "2019-10-01", "10/19"])
def test_ten_to_nineteen_damaged_by_a_spreadsheet(word: str) -> None:
    assert band_of(word) == ("10-19", True)


@pytest.mark.parametrize(
    ("word", "band"),
    [("70+", "more than 70"), (">70", "more than 70"), ("0", "0-2"), ("35", "30-39")],
)
def test_other_ways_to_write_an_age(word: str, band: str) -> None:
    assert band_of(word) == (band, False)


@pytest.mark.parametrize("word", ["", "old", "3-10", "-5", "999", "12-Dec", "٣"])
def test_words_that_are_no_age(word: str) -> None:
    assert band_of(word) is None


@given(years=st.integers(0, 120))
def test_every_year_falls_into_the_band_that_names_it(years: int) -> None:
    band = band_of_years(years)
    if band == "more than 70":
        assert years >= 70
    else:
        low, high = map(int, band.split("-"))
        assert low <= years <= high


def test_races_in_any_case_and_punctuation() -> None:
    for race in (*FAIRFACE_RACES, *UTKFACE_RACES):
        for word in (race, race.upper(), race.replace("_", " "), race.replace(" ", "-")):
            assert race_of(word) == race
    assert race_of("Martian") is None
    assert race_of("") is None
