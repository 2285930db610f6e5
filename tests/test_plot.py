# SPDX-License-Identifier: Apache-2.0
"""The plot: a readable PNG, or one sentence."""

import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from device.errors import InputError, RuntimeMissingError
from device.store.ledger_reader import Count
from device.verbs.report import plot, rows
from device.verbs.report.rows import Period

START = 1_793_613_600
COUNTS = tuple(Count(START + 3600 * n, n % 5, n % 7, n % 2) for n in range(40))
ORANGE, BLUE, GREY = (0xE6, 0x9F, 0x00), (0x00, 0x72, 0xB2), (0xBB, 0xBB, 0xBB)


def colours(path: Path) -> dict[tuple[int, int, int], int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.size == (1500, 750)
        found = picture.convert("RGB").getcolors(1 << 20)
    assert found is not None
    return {colour: number for number, colour in found}  # type: ignore[misc]


@pytest.mark.parametrize("by", rows.PERIODS)
def test_all_three_answers_have_their_bars_in_proportion(tmp_path: Path, by: Period) -> None:
    pytest.importorskip("matplotlib")
    made = rows.summarise(COUNTS, by=by, zone=ZoneInfo("Europe/Berlin"))
    plot.save_plot(made, tmp_path / "visits.png")
    seen = colours(tmp_path / "visits.png")
    assert min(seen[ORANGE], seen[BLUE], seen[GREY]) > 1000
    legend = 800  # pixels of one swatch, about
    ratio = (seen[BLUE] - legend) / (seen[ORANGE] - legend)
    assert ratio == pytest.approx(made.total.male / made.total.female, rel=0.1)


def test_an_empty_report_and_one_of_unknown_times_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot.save_plot(rows.summarise(()), tmp_path / "empty.png")
    assert BLUE not in colours(tmp_path / "empty.png")
    plot.save_plot(rows.summarise([Count(None, 1, 2, 3)]), tmp_path / "unknown.png")
    assert colours(tmp_path / "unknown.png") != colours(tmp_path / "empty.png")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=r"cannot be written to .*No such file"):
        plot.save_plot(rows.summarise(COUNTS), tmp_path / "missing" / "visits.png")


def test_without_matplotlib_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("matplotlib.backends.backend_agg", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)  # what Python does for a failed import
    with pytest.raises(RuntimeMissingError, match=r"pip install 'passerby\[plot\]'"):
        plot.save_plot(rows.summarise(COUNTS), tmp_path / "visits.png")


def test_matplotlib_is_not_loaded_before_a_plot_is_asked_for() -> None:
    script = "import sys, device.verbs.report.plot; sys.exit('matplotlib' in sys.modules)"
    root = Path(__file__).resolve().parent.parent
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0
