# SPDX-License-Identifier: Apache-2.0
"""Limits of settings, and how a setting's field carries one."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """A limit: any of these values."""

    values: tuple[float | str, ...]

    def holds(self, value: float | str) -> bool:
        """Whether a value keeps to the limit."""
        return value in self.values

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Between:
    """A limit: any number from `low` to `high`, both included."""

    low: float
    high: float

    def holds(self, value: float | str) -> bool:
        """Whether a value keeps to the limit."""
        return not isinstance(value, str) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


Limit = OneOf | Between


def about(limit: Limit, help_text: str) -> dict[str, Any]:
    """Metadata of a field: its limit and, for the command line's help, a few words."""
    return {"limit": limit, "help": help_text}
