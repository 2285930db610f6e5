# SPDX-License-Identifier: Apache-2.0
"""What Judge, Predict and Ship tell, without a browser."""

import json
from pathlib import Path

import pytest
from studio_homes import Exported, exported_home

from device.bundle.manifest import Figure
from device.classifier import Classifier
from device.detector import Detector
from device.errors import BundleError, DatasetError, InputError
from training import operating
from training.datasets import open_dataset
from training.evaluate import Measured, summarise
from training.metrics import Outcome, figure
from training.outcomes import outcomes_file
from training.studio import judge_charts, vega
from training.studio.judging import (
    axis_start,
    by_kind,
    crop_index,
    fitted_here,
    judgement,
    told_of,
)
from training.studio.looking import Eyes, drawn, in_words, row_of, standing, trained_on
from training.studio.shipping import Order, deploy_command, digests, export_words, steps_of


@pytest.fixture(scope="module")
def eyes(detector: Detector, classifier: Classifier) -> Eyes:
    return Eyes(detector, classifier=classifier)


@pytest.fixture(scope="module")
def exported(
    tmp_path_factory: pytest.TempPathFactory, faces_directory: Path, eyes: Eyes
) -> Exported:
    return exported_home(tmp_path_factory.mktemp("home"), faces_directory, eyes=eyes)


def test_a_judgement_is_what_the_bundle_records(exported: Exported) -> None:
    found = judgement(exported.home, exported.run)
    assert found.sets == (exported.measured,)
    assert found.evidence.tests[0] == exported.measured.figures
    assert found.bundle.manifest.name == exported.run.name == "first-try"
    assert len(found.prepared.rows) == 154


def test_outcomes_of_another_export_are_not_shown(exported: Exported, tmp_path: Path) -> None:
    path = outcomes_file(exported.run.folder, exported.run.name)
    kept = path.read_bytes()
    try:
        path.write_bytes(kept.rsplit(b"\n", 2)[0] + b"\n")
        with pytest.raises(DatasetError, match=r"other figures for faces\.zip, calibrate split"):
            judgement(exported.home, exported.run)
    finally:
        path.write_bytes(kept)
    other = exported.home.new_run("second", dataset=exported.dataset)
    try:
        with pytest.raises(BundleError, match=r"no readable bundle\.json"):
            judgement(exported.home, other)
    finally:
        other.remove()


def test_the_page_says_on_which_pictures(exported: Exported) -> None:
    held_out = told_of(exported.measured)
    assert f"{len(exported.measured.outcomes)} faces that were held out" in held_out
    assert "its threshold of unsure was fitted on them" in held_out
    outcomes = exported.measured.outcomes
    test = Measured(summarise("test.zip", "x", outcomes), outcomes)
    assert not fitted_here(test)
    assert "pictures of **test.zip**, none of which the model was trained on" in told_of(test)


def test_groups_come_in_a_reader_s_words_and_order() -> None:
    one = Figure(n=4, value=0.5, low=0.2, high=0.8)
    names = (
        "age 20-29",
        "age more than 70",
        "age 3-9",
        "ages 10 and up",
        "cell East Asian female",
        "cell White male",
        "gender female",
        "gender male",
        "race East Asian",
        "race White",
    )
    found = by_kind(dict.fromkeys(names, one))
    assert {heading: list(groups) for heading, groups in found.items()} == {
        "By perceived gender": ["women", "men"],
        "By race": ["East Asian", "White"],
        "By race and perceived gender": ["East Asian women", "White men"],
        "By age": ["3-9", "20-29", "more than 70"],
    }
    assert by_kind({"gender male": one}) == {}


@pytest.mark.parametrize(
    ("lowest", "start"), [([0.23, 0.9], 0.2), ([0.97], 0.8), ([0.0], 0.0), ([], 0.0)]
)
def test_an_axis_begins_below_every_interval(lowest: list[float], start: float) -> None:
    assert axis_start(Figure(n=1, value=1, low=low, high=1) for low in lowest) == start


def test_every_held_out_crop_is_found_by_its_name(exported: Exported) -> None:
    prepared = exported.prepared
    chosen = [prepared.rows[i] for i in prepared.indices("calibrate")]
    for row in chosen:
        outcome = Outcome(row.name, row.perceived_gender, "", "", 0.9, True)
        index = crop_index(prepared, outcome)
        assert index is not None
        assert prepared.rows[index] == row
    assert crop_index(prepared, Outcome("nobody", "male", "", "", 0.9, True)) is None


def test_a_look_is_what_evaluate_measured(exported: Exported, eyes: Eyes) -> None:
    with open_dataset(exported.dataset.source) as dataset:
        samples = {sample.name: sample for sample in dataset.samples}
        for outcome in exported.measured.outcomes:
            data = dataset.read(samples[outcome.name])
            look = eyes.look(data, name=outcome.name)
            seen = look.faces[0].perception if look.faces else None
            assert (None if seen is None else seen.female) == outcome.female
            row = row_of(exported.prepared, data)
            assert row is not None
            assert row.name == outcome.name
            assert standing(row).startswith("Held out")
            assert drawn(look).size == (480, 480)


def test_a_bad_picture_is_an_error(eyes: Eyes) -> None:
    with pytest.raises(InputError, match=r"no\.jpg is not a picture that can be read"):
        eyes.look(b"these are words", name="no.jpg")


def test_answers_are_told_in_words(eyes: Eyes, faces_directory: Path) -> None:
    data = (faces_directory / "pictures" / "17498.jpg").read_bytes()
    (seen,) = eyes.look(data, name="x").faces
    assert seen.perception is not None
    sure = in_words(seen, min_confidence=0.6, min_face_pixels=40)
    assert sure[0] == f"perceived {seen.perception.label}"
    assert sure[1].endswith("from 60.0% on it answers.")
    assert standing(None) == "This file is not among the pictures that the model was trained on."


def test_pictures_that_were_trained_on_make_no_test(exported: Exported, tmp_path: Path) -> None:
    found = digests(exported.dataset.source)
    assert len(found) == 154
    assert trained_on(exported.prepared, found) == 154
    assert trained_on(exported.prepared, ["0" * 64]) == 0


def test_the_export_that_a_person_orders(exported: Exported, tmp_path: Path) -> None:
    order = Order(version=" 2 ", licence="", tests=(tmp_path / "test.zip",))
    words = export_words(exported.home, exported.run, order)
    assert words[:2] == ("export", str(exported.run.folder))
    assert words[words.index("--out") + 1].endswith("/bundles/first-try")
    assert words[words.index("--version") + 1] == "2"
    assert words[words.index("--licence") + 1] == "not stated"
    assert words[-2:] == ("--test", str(tmp_path / "test.zip"))
    assert Path(words[words.index("--golden") + 1]).is_dir()


def test_an_export_tells_how_far_it_is(exported: Exported) -> None:
    job = exported.home.job("export-x")
    assert steps_of(job) == (0.0, "loading TensorFlow and the run")
    job.folder.mkdir(parents=True)
    (job.folder / "output.txt").write_text("quantising to int8\ncalibrating on held-out crops\n")
    assert steps_of(job) == (0.5, "calibrating on held-out crops")


def test_the_command_that_puts_it_on_a_pi(tmp_path: Path) -> None:
    command = deploy_command(tmp_path / "my bundle", "pi@raspberrypi.local")
    script, *rest = command.split(" ", 1)
    assert Path(script).is_file()
    assert rest == [f"pi@raspberrypi.local --bundle '{tmp_path}/my bundle'"]
    for host in ("", "-oProxyCommand=x", "pi; rm"):
        with pytest.raises(InputError, match="is no name of a machine"):
            deploy_command(tmp_path, host)


MEN = [Outcome(str(i), "male", "", "", i / 20, i < 7) for i in range(11)]


@pytest.mark.parametrize(
    "outcomes", [MEN, MEN[:1], [], [Outcome("x", "male", "", "", None, False)]]
)
def test_charts_of_few_pictures_are_plain_json(outcomes: list[Outcome]) -> None:
    specs = [
        judge_charts.confusion_chart(outcomes),
        judge_charts.risk_chart(outcomes),
        judge_charts.reliability_chart(outcomes),
        judge_charts.group_chart({"men": figure(0, len(outcomes))}, 0.5, lowest=0.0),
    ]
    assert all(json.loads(json.dumps(spec, allow_nan=False)) == spec for spec in specs)


def test_charts_show_the_figures(exported: Exported) -> None:
    outcomes = operating.with_threshold(exported.measured.outcomes, 0.9)
    fields = judge_charts.confusion_chart(outcomes)["data"]["values"]
    assert sum(int(field["count"]) for field in fields) == len(outcomes)
    risk = judge_charts.risk_chart(outcomes)
    answered, right = operating.coverage(outcomes)
    (here,) = risk["layer"][-1]["data"]["values"]
    assert here == {"coverage": answered.value, "risk": 1 - right.value}
    curve = judge_charts.roc_chart(operating.roc(exported.measured.outcomes))
    assert curve["data"]["values"][-1]["found"] == pytest.approx(1)


def test_a_long_line_keeps_its_ends() -> None:
    points = [(float(i), 0.0) for i in range(10_001)]
    few = vega.thinned(points)
    assert len(few) <= vega.MOST_POINTS + 1
    assert (few[0], few[-1]) == (points[0], points[-1])
    assert vega.thinned([]) == []
