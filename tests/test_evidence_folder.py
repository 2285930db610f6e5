# SPDX-License-Identifier: Apache-2.0
"""The evidence folder: the same names every run, reasons where a figure is not to be had."""

import base64
import csv
import gzip
import io
import re
from pathlib import Path

import msgspec
import pytest
from bundle_walk import assert_no_picture_but_golden_crops
from PIL import Image

from device.bundle import open_bundle
from device.bundle.manifest import ClassifierDecision, Fitting
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError
from training.bundle_writer import BundleDraft, write_bundle
from training.card import card
from training.cli import main
from training.datasets import open_dataset
from training.evaluate import Measured, measure, summarise
from training.local_report import write_local_report
from training.metrics import Outcome
from training.mistakes import worst
from training.prepared import Row
from training.report.contents import FILES, LOCAL, PUBLISHED, SPLIT
from training.report.folder import write_report
from training.report.plots import risk_coverage

DECISION = ClassifierDecision(temperature=1.0, min_confidence=0.7, min_face_pixels=40)
ROWS = (
    Row("a/1.jpg", "female", "0-2", "White", "ab" * 32, True, 0, "train"),
    Row("a/2.jpg", "male", "0-2", "White", "cd" * 32, False, 1, "contradictory"),
)
HISTORY = """\
epoch,phase,loss,accuracy,select_loss,select_accuracy
0,frozen,0.7,0.6,0.6,0.7
1,unfrozen,nan,nan,0.5,0.75
"""


def plain_outcomes() -> list[Outcome]:
    """Outcomes of a dataset that names neither race nor age."""
    made = []
    for i in range(40):
        truth, female = ("female", 0.9 - i / 100) if i % 2 else ("male", 0.05 + i / 60)
        made.append(Outcome(f"{i}.jpg", truth, "", "", female, max(female, 1 - female) >= 0.7))
    return made


def measured(outcomes: list[Outcome]) -> Measured:
    return Measured(summarise("plain", "x", outcomes), outcomes)


@pytest.fixture(scope="module")
def local(
    tmp_path_factory: pytest.TempPathFactory,
    faces_directory: Path,
    detector: Detector,
    classifier: Classifier,
) -> Path:
    """A report of the shipped bundle on the committed faces."""
    folder = tmp_path_factory.mktemp("local")
    with open_dataset(faces_directory) as dataset:
        write_local_report(
            folder,
            measure(dataset, detector=detector, classifier=classifier),
            dataset=dataset,
            detector=detector,
            classifier=classifier,
        )
    return folder


def test_every_file_is_there_under_its_name(local: Path) -> None:
    expected = {"CONTENTS.md", *FILES, *LOCAL} - {SPLIT}
    assert {path.name for path in local.iterdir()} == expected
    contents = (local / "CONTENTS.md").read_text()
    assert all(f"`{name}`" in contents for name in (*FILES, *LOCAL))
    assert "`ages.csv`: accuracy by exact age in years, every test set. **Not there:" in contents
    for path in local.glob("*.png"):
        with Image.open(path) as image:
            assert image.width > 300, path


def test_cells_add_up_to_the_pictures(local: Path) -> None:
    with (local / "cells.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["n"]) for row in rows) == 154
    assert len({(r["race"], r["perceived_gender"], r["age_band"]) for r in rows}) == len(rows)
    assert all(float(r["low"]) <= float(r["accuracy"]) <= float(r["high"]) for r in rows)


def test_the_history_comes_from_the_bundle(local: Path, classifier: Classifier) -> None:
    own = classifier.bundle.path / "report" / "history.csv"
    assert (local / "history.csv").read_bytes() == own.read_bytes()


def test_the_card_says_what_it_must(local: Path) -> None:
    text = (local / "CARD.md").read_text()
    headings = re.findall(r"^## (.*)$", text, re.M)
    assert headings[:7] == [
        "Figures",
        "Limits",
        "What it must not be used for",
        "Children apart",
        "Method",
        "Data and licence",
        "Decision",
    ]
    assert "**faces** (whole path" in text
    assert "perceived" in text
    assert "CC BY 4.0" in text


def decision_of(text: str) -> str:
    (found,) = re.findall(r"^## Decision\n(.*)$", text, re.M)
    return str(found)


def test_a_card_written_later_tells_of_the_bundle_s_own_rules(
    local: Path, classifier: Classifier
) -> None:
    """Not of those by which a decision would be fitted today."""
    own = (classifier.bundle.path / "CARD.md").read_text()
    assert decision_of((local / "CARD.md").read_text()) == decision_of(own)


@pytest.mark.parametrize(
    ("fitting", "told"),
    [
        (None, "by rules that the bundle does not tell of."),
        (
            Fitting(0.01, 0.96, 0.85),
            "lead men by at most 1 point there, .* surely 96.0% right",
        ),
        (Fitting(0.0, 0.95, 0.9), "recognised equally often there, .* surely 95.0% .* at 90% cov"),
    ],
)
def test_the_card_and_the_plot_tell_of_the_decision_s_rules(
    fitting: Fitting | None, told: str, classifier: Classifier, tmp_path: Path
) -> None:
    manifest = classifier.bundle.manifest
    decision = msgspec.structs.replace(DECISION, fitting=fitting)
    text = card(
        "any 1.0.0",
        evidence=manifest.evidence,
        data=manifest.data,
        decision=decision,
        model_bytes=[1],
    )
    assert re.search(told, decision_of(text))
    outcomes = measured(plain_outcomes())
    write_report(tmp_path, [outcomes], decision=decision, history=None, rows=None)
    plain = tmp_path / "plain.png"
    risk_coverage(plain, outcomes, DECISION)
    same = plain.read_bytes() == (tmp_path / "risk_coverage.png").read_bytes()
    assert same == (fitting is None)


@pytest.mark.parametrize(("offset", "written"), [(0.25, "logit - 0.25"), (-0.25, "logit + 0.25")])
def test_the_card_writes_an_offset_as_one_reads_it(
    offset: float, written: str, classifier: Classifier
) -> None:
    manifest = classifier.bundle.manifest
    text = card(
        "any 1.0.0",
        evidence=manifest.evidence,
        data=manifest.data,
        decision=msgspec.structs.replace(DECISION, offset=offset),
        model_bytes=[1],
    )
    assert f"sigmoid(({written}) / 1.0)" in text


def test_the_page_of_mistakes_shows_them_and_needs_nothing_else(
    local: Path, faces_directory: Path
) -> None:
    page = (local / "mistakes.html").read_text()
    crops = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(crops) == page.count("<figure>") >= 5
    with Image.open(io.BytesIO(base64.b64decode(crops[0]))) as image:
        assert image.size == (128, 128)
    assert "http" not in page
    assert "<script" not in page
    confidences = [float(x) for x in re.findall(r"([\d.]+)%(?: \(given|<br>)", page)]
    assert confidences == sorted(confidences, reverse=True)
    assert "publish it not" in page


def test_mistakes_are_the_most_confident_ones() -> None:
    outcomes = [
        Outcome("right", "female", "", "", 0.9, True),
        Outcome("mild", "female", "", "", 0.4, False),
        Outcome("missed", "female", "", "", None, False),
        Outcome("bold", "male", "", "", 0.99, True),
    ]
    assert [one.name for one in worst(outcomes)] == ["bold", "mild"]
    assert [one.name for one in worst(outcomes, most=1)] == ["bold"]


def test_what_a_dataset_does_not_allow_is_said_so(tmp_path: Path) -> None:
    write_report(tmp_path, [measured(plain_outcomes())], decision=DECISION, history=None, rows=None)
    assert {path.name for path in tmp_path.iterdir()} == PUBLISHED - {SPLIT}
    for name in ("history.csv", "cells.csv", "ages.csv"):
        head, reason = (tmp_path / name).read_text().splitlines()
        assert head == "note"
        assert reason in (tmp_path / "CONTENTS.md").read_text()
    with Image.open(tmp_path / "cells.png") as image:
        assert image.width > 300


@pytest.mark.parametrize("female", [None, 0.9])
def test_a_single_outcome_makes_a_report(tmp_path: Path, female: float | None) -> None:
    one = [Outcome("1.jpg", "female", "White", "20-29", female, female is not None, 25)]
    write_report(tmp_path, [measured(one)], decision=DECISION, history=None, rows=None)
    assert "`roc.png`: women found against men mistaken, over all thresholds. **Not there" in (
        (tmp_path / "CONTENTS.md").read_text()
    )
    assert (tmp_path / "ages.csv").read_text().splitlines()[1].startswith("plain,25,1,")


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    history = tmp_path / "given.csv"
    history.write_text(HISTORY)
    for name in ("one", "two"):
        write_report(
            tmp_path / name,
            [measured(plain_outcomes())],
            decision=DECISION,
            history=history,
            rows=ROWS,
        )
    assert {path.name for path in (tmp_path / "one").iterdir()} == PUBLISHED
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_the_split_file_names_every_picture_and_no_label(tmp_path: Path) -> None:
    write_report(tmp_path, [measured(plain_outcomes())], decision=DECISION, history=None, rows=ROWS)
    text = gzip.decompress((tmp_path / SPLIT).read_bytes()).decode()
    assert text.splitlines() == [
        "name,sha256,cluster,split",
        f"a/1.jpg,{'ab' * 32},0,train",
        f"a/2.jpg,{'cd' * 32},1,contradictory",
    ]


def draft_of(bundle: Path, report: Path) -> BundleDraft:
    opened = open_bundle(bundle)
    manifest = opened.manifest
    fields = ("name", "version", "task", "producer", "input", "output", "decision", "evidence")
    return BundleDraft(
        **{name: getattr(manifest, name) for name in (*fields, "data", "golden")},
        models=[path.read_bytes() for path in opened.models],
        golden_files={p.name: p.read_bytes() for p in (bundle / "golden").iterdir()},
        card="",
        report=report,
    )


def test_a_page_with_faces_never_gets_into_a_bundle(
    local: Path, models_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=r"mistakes.html, outcomes.csv must not get"):
        write_bundle(tmp_path / "default", draft_of(models_directory / "default", local))
    assert list(tmp_path.iterdir()) == []
    clean = tmp_path / "report"
    write_report(clean, [measured(plain_outcomes())], decision=DECISION, history=None, rows=ROWS)
    target = write_bundle(tmp_path / "default", draft_of(models_directory / "default", clean))
    assert_no_picture_but_golden_crops(target)


@pytest.mark.parametrize("name", ["default"])
def test_shipped_bundles_hold_no_other_picture(name: str, models_directory: Path) -> None:
    assert_no_picture_but_golden_crops(models_directory / name)


def test_evaluate_takes_ages_from_a_limit_up(
    faces_directory: Path, models_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", str(models_directory / "default"), str(faces_directory), "--json"]
    assert main([*command, "--from-age", "50"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out)
    assert found["accuracy"]["n"] == 25
    assert "ages 50 and up; left out: 129 outside the ages asked for" in found["method"]
    assert main([*command, "--from-age", "90"]) == 66
    assert "no labelled picture in" in capsys.readouterr().err
