# SPDX-License-Identifier: Apache-2.0
"""Numbers on the command line are refused with what was expected."""

from argparse import ArgumentTypeError

import pytest

from device.verbs.arguments import seconds, whole_number


def test_numbers_within_the_bounds() -> None:
    assert [whole_number(1, 64)(text) for text in ("1", "64")] == [1, 64]
    assert [seconds(600)(text) for text in ("0", "0.5", "600")] == [0, 0.5, 600]


@pytest.mark.parametrize("text", ["0", "65", "many", "1.5", ""])
def test_other_whole_numbers(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"'{text}', expected a whole number from 1 to 64"):
        whole_number(1, 64)(text)


@pytest.mark.parametrize("text", ["-1", "601", "nan", "inf", "soon", ""])
def test_other_seconds(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"'{text}', expected 0 to 600 seconds"):
        seconds(600)(text)
