# SPDX-License-Identifier: Apache-2.0
"""Counted visits beside true ones: who was missed, doubled, mixed up, and labelled how."""

from collections.abc import Sequence

import pytest

from device.records import Box, Face, Observation, PerceivedGender, Sighting, Stamp, Visit
from training.scenes.scoring import SceneScore, score_scene, total
from training.scenes.tables import as_table
from training.scenes.truth import Label, Person, Scene, TrueFace, Truth
from training.scenes.watching import Seen

FRAMES = 20
STAMP = Stamp("boot", 0.0, 0.0, False)
PLACES = (100.0, 300.0, 500.0)
"""Where the people of these scenes stand; who looks elsewhere sees nobody."""


def box(x: float, size: float = 80) -> Box:
    return Box(x - size / 2, 200, size, size)


def visit(track: int, label: PerceivedGender, sightings: int = FRAMES) -> Visit:
    return Visit(str(track), STAMP, STAMP, label, 0.8, sightings, 1.0, 0.2)


def seen(
    people: Sequence[Label], tracks: dict[int, Sequence[float | None]], visits: Sequence[Visit]
) -> Seen:
    """People at `PLACES`; each track looks at one x a frame, or at nothing."""
    faces = tuple(TrueFace(number, box(PLACES[number]), 1.0) for number, _ in enumerate(people))
    scene = Scene(
        format=1,
        name="made",
        width=640,
        height=480,
        frames_per_second=10.0,
        seed=3,
        attribution="",
        licence="",
        frames=tuple(f"{number}.jpg" for number in range(FRAMES)),
        truth=Truth(
            tuple(Person(number, label, "a.jpg") for number, label in enumerate(people)),
            (faces,) * FRAMES,
        ),
    )
    observations = tuple(
        Observation(number, STAMP, 640, 480, _sightings(tracks, number), ())
        for number in range(FRAMES)
    )
    return Seen(scene, observations, tuple(visits))


def _sightings(tracks: dict[int, Sequence[float | None]], number: int) -> tuple[Sighting, ...]:
    looks = ((track, places[number]) for track, places in tracks.items())
    return tuple(
        Sighting(track, Face(box(x + 5, 120), (), 0.9), None, "unsure", 0.5)
        for track, x in looks
        if x is not None
    )


def steady(x: float) -> list[float | None]:
    return [x] * FRAMES


def test_everybody_counted_once() -> None:
    score = score_scene(
        seen(
            ["female", "male"],
            {1: steady(100), 2: steady(300)},
            [visit(1, "female"), visit(2, "female")],
        )
    )
    assert [(one.label, one.perceived, one.doubles) for one in score.outcomes] == [
        ("female", "female", 0),
        ("male", "female", 0),
    ]
    assert (score.counted, score.extras, score.phantoms, score.switches) == (2, 0, 0, 0)


def test_a_person_without_a_visit_is_missed() -> None:
    score = score_scene(seen(["female", "male"], {1: steady(100)}, [visit(1, "female")]))
    assert [one.perceived for one in score.outcomes] == ["female", None]


def test_of_two_visits_of_one_person_the_longer_is_the_match() -> None:
    first: list[float | None] = [100.0] * 8 + [None] * 12
    second: list[float | None] = [None] * 8 + [100.0] * 12
    made = seen(["male"], {1: first, 2: second}, [visit(1, "female", 8), visit(2, "male", 12)])
    (outcome,) = score_scene(made).outcomes
    assert (outcome.perceived, outcome.doubles) == ("male", 1)


def test_a_visit_of_nobody_is_a_phantom() -> None:
    made = seen(["male"], {1: steady(100), 2: steady(400)}, [visit(1, "male"), visit(2, "male")])
    score = score_scene(made)
    assert (score.phantoms, score.extras, len(score.outcomes)) == (1, 0, 1)


def test_a_track_that_goes_over_to_another_person_is_a_switch() -> None:
    mixed: list[float | None] = [100.0] * 5 + [None] * 3 + [300.0] * 12
    score = score_scene(seen(["female", "male"], {1: mixed}, [visit(1, "male")]))
    assert score.switches == 1
    assert [one.perceived for one in score.outcomes] == [None, "male"]


def test_totals_keep_unsure_apart_from_decided() -> None:
    made = seen(
        ["female", "male", "male"],
        {1: steady(100), 2: steady(300), 3: steady(500)},
        [visit(1, "female"), visit(2, "unsure"), visit(3, "female")],
    )
    score = total([score_scene(made), score_scene(seen(["female"], {}, []))])
    assert (score.scenes, score.true_visits, score.counted, score.missed) == (2, 4, 3, 1)
    assert (score.decided, score.right, score.unsure) == (2, 1, 1)
    assert score.count_error == pytest.approx(1 / 4)
    assert score.mean_scene_count_error == pytest.approx(0.5)
    assert score.right_of_decided == pytest.approx(0.5)
    assert score.unsure_share == pytest.approx(1 / 3)


def test_nothing_to_divide_by_is_said_so() -> None:
    empty: list[SceneScore] = []
    assert total(empty).right_of_decided is None
    assert "(nothing)" in as_table([score_scene(seen([], {}, []))])


def test_the_table_has_a_row_for_each_scene() -> None:
    made = score_scene(seen(["female"], {1: steady(100)}, [visit(1, "female")]))
    lines = as_table([made, made]).splitlines()
    assert lines[0].split()[:4] == ["scene", "seed", "true", "counted"]
    assert lines[1] == lines[2]
    assert lines[1].split() == ["made", "3", "1", "1", "0", "0", "0", "0", "0", "1", "0", "0"]
    assert "2 counted, 2 true; off by 0.0% in all" in lines[4]
