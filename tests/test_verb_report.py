# SPDX-License-Identifier: Apache-2.0
"""`passerby report` as a person types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from visit_samples import make_clock, pass_by

from device.cli import main
from device.store import Store

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path, clock = tmp_path / "visits.db", make_clock()
    with Store(path, max_bytes=1 << 20, batch_seconds=10, clock=clock) as writer:
        for name, gender in (("a", "female"), ("b", "male"), ("c", "unsure")):
            writer.publish(pass_by(clock, name, gender))  # type: ignore[arg-type]
    return path


def test_the_table_the_csv_and_the_json_say_the_same(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--store", str(store)]) == 0
    assert capsys.readouterr().out.split()[-5:] == ["total", "1", "1", "1", "3"]
    assert main(["report", "--store", str(store), "--by", "day", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith(",1,1,1,3")
    assert main(["report", "--store", str(store), "--json", "--since", "2026-11-01"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["total"] == 3


def test_the_store_of_the_settings_is_read(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = store.with_name("passerby.toml")
    settings.write_text(f'[store]\npath = "{store}"\n', encoding="utf-8")
    assert main(["--settings", str(settings), "report", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["total"] == 3


def test_a_plot_is_drawn_beside_the_table(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    picture = store.with_name("visits.png")
    assert main(["report", "--store", str(store), "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "total" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--store", "/nowhere/visits.db"], 50, "there is no store of visits"),
        (["--since", "yesterday"], 65, "'yesterday' is no time"),
        (["--since", "2d", "--until", "5d"], 65, "--since 2d is not before --until 5d"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_status(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments]) == status
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


def test_the_report_needs_neither_numpy_nor_a_runtime(store: Path) -> None:
    script = (
        "import sys; from device.cli import main; main(sys.argv[1:]);"
        "sys.exit(bool({'numpy', 'matplotlib', 'ai_edge_litert'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, "report", "--store", str(store)]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0
