# SPDX-License-Identifier: Apache-2.0
"""The one place where matplotlib is set up: no screen, colours that everybody tells apart."""

import contextlib
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")  # no screen on a workstation's SSH session

from matplotlib import pyplot as plt

from device.bundle.manifest import Figure

# Okabe and Ito's palette: told apart by colour-blind readers too.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREY: Final = "#777777"
LIGHT: Final = "#DDDDDD"


@contextlib.contextmanager
def canvas(
    path: Path,
    title: str,
    *,
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float],
    **more: Any,
) -> Iterator[Any]:
    """Axes (one, or an array of them) that are saved to `path` as PNG when the block ends.

    Args:
        path: the file; the same figures give the same bytes.
        title: above all axes.
        rows, columns, size: of the grid of axes; the size is in inches.
        more: for `pyplot.subplots`.
    """
    figure, axes = plt.subplots(rows, columns, figsize=size, dpi=110, layout="constrained", **more)
    try:
        figure.suptitle(title, fontsize=11)
        yield axes
        # Without the version that matplotlib adds.
        figure.savefig(path, metadata={"Software": None})
    finally:
        plt.close(figure)


def absence(path: Path, reason: str) -> None:
    """A picture that only says why there is none."""
    with canvas(path, "not available", size=(5, 1.6)) as axes:
        axes.axis("off")
        axes.text(0.5, 0.5, "\n".join(textwrap.wrap(reason, 60)), ha="center", va="center")


def whiskers(values: Sequence[Figure]) -> list[list[float]]:
    """Distances of the intervals' ends from the values, as matplotlib's error bars want them."""
    return [
        [max(0.0, v.value - v.low) for v in values],
        [max(0.0, v.high - v.value) for v in values],
    ]
