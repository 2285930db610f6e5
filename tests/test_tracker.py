# SPDX-License-Identifier: Apache-2.0
"""The tracker on made-up faces: who is followed, when someone counts, and what is heard of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Face, PerceivedGender, Perception, Sighting, Stamp, Visit
from device.tracker import Tracker, TrackerRules

WIDTH, HEIGHT, RATE = 640, 480, 10.0
Look = tuple[Face, Perception | None]


def stamp(seconds: float, boot: str = "0123456789abcdef") -> Stamp:
    return Stamp(boot, seconds, 1_700_000_000 + seconds, True)


def face(x: float, *, y: float = 200, size: float = 80, score: float = 0.9) -> Face:
    return Face(Box(x - size / 2, y - size / 2, size, size), (), score)


def perceived(female: float) -> Perception:
    label: PerceivedGender = "female" if female >= 0.5 else "male"
    return Perception(female, 1 - female, label)


def play(
    tracker: Tracker, frames: Iterable[Sequence[Look]], *, rate: float = RATE
) -> tuple[list[tuple[Sighting, ...]], list[Visit]]:
    sightings: list[tuple[Sighting, ...]] = []
    visits: list[Visit] = []
    seconds = 100.0
    for looks in frames:
        seen, ended = tracker.update(stamp(seconds), WIDTH, HEIGHT, looks)
        sightings.append(seen)
        visits.extend(ended)
        seconds += 1 / rate
    visits.extend(tracker.finish(stamp(seconds)))
    return sightings, visits


def crossing(*, widths_per_second: float, size: float = 80, rate: float = RATE) -> list[list[Look]]:
    step = widths_per_second * size / rate
    return [[(face(x * step, size=size), perceived(0.9))] for x in range(1, int(WIDTH / step))]


def test_one_person_is_one_visit() -> None:
    sightings, visits = play(Tracker(), crossing(widths_per_second=3))
    assert len({seen[0].track for seen in sightings}) == 1
    (visit,) = visits
    assert visit.perceived_gender == "female"
    assert visit.sightings == len(sightings)
    assert visit.started.monotonic == 100.0
    assert visit.ended.monotonic == pytest.approx(100 + (len(sightings) - 1) / RATE)


@pytest.mark.parametrize("widths_per_second", [0.1, 2, 6, 12])
def test_quick_walkers_whose_boxes_do_not_overlap_stay_one(widths_per_second: float) -> None:
    frames = crossing(widths_per_second=widths_per_second)
    assert len(play(Tracker(), frames)[1]) == 1


@pytest.mark.parametrize(("gone_seconds", "expected"), [(0.3, 1), (1.0, 1), (1.6, 2)])
def test_gaps_are_bridged_up_to_the_limit(gone_seconds: float, expected: int) -> None:
    here: list[Look] = [(face(300), None)]
    frames = [here] * 6 + [[]] * int(gone_seconds * RATE) + [here] * 6
    assert len(play(Tracker(), frames)[1]) == expected


def test_a_walker_hidden_for_a_moment_is_found_where_the_walk_leads() -> None:
    frames = crossing(widths_per_second=3)
    frames[8:13] = [[]] * 5
    assert len(play(Tracker(), frames)[1]) == 1


@pytest.mark.parametrize(("sightings", "expected"), [(1, 0), (2, 0), (3, 1)])
def test_too_few_sightings_are_no_visit(sightings: int, expected: int) -> None:
    frames = [[(face(300), perceived(0.9))]] * sightings + [[]] * 30
    assert len(play(Tracker(), frames)[1]) == expected


def test_a_face_that_the_detector_never_trusted_is_no_visit() -> None:
    doubtful = [[(face(300, score=0.6), None)]] * 20
    once_clear = [*doubtful, [(face(300, score=0.8), None)]]
    assert play(Tracker(), doubtful)[1] == []
    assert len(play(Tracker(), once_clear)[1]) == 1


def test_a_second_box_on_the_same_face_is_followed_but_never_counted() -> None:
    frames = [[(face(300, size=120), None), (face(310, size=60), None)]] * 20
    sightings, visits = play(Tracker(), frames)
    assert all(len(seen) == 2 for seen in sightings)
    assert len(visits) == 1


def test_people_who_cross_keep_their_identities() -> None:
    frames: list[list[Look]] = []
    for step in range(30):
        left, right = 40 + step * 20, 620 - step * 20
        looks: list[Look] = [(face(left, size=100), perceived(0.95))]
        if abs(left - right) > 70:  # the smaller one passes behind
            looks.append((face(right, size=80), perceived(0.05)))
        frames.append(looks)
    sightings, visits = play(Tracker(), frames)
    assert sorted(visit.perceived_gender for visit in visits) == ["female", "male"]
    by_track: dict[int, set[float]] = {}
    for seen in sightings:
        for sighting in seen:
            by_track.setdefault(sighting.track, set()).add(sighting.face.box.width)
    assert sorted(map(sorted, by_track.values())) == [[80], [100]]


def test_who_enters_where_another_has_left_is_somebody_new() -> None:
    leaving: list[list[Look]] = [[(face(400 + 24 * step), None)] for step in range(10)]
    entering: list[list[Look]] = [[(face(620 - 24 * step), None)] for step in range(10)]
    sightings, visits = play(Tracker(), [*leaving, [], *entering])
    assert len(visits) == 2
    assert sightings[0][0].track != sightings[-1][0].track


def test_a_visit_ends_when_its_person_has_gone_not_at_the_very_end() -> None:
    tracker = Tracker()
    for number in range(5):
        tracker.update(stamp(number / RATE), WIDTH, HEIGHT, [(face(300), None)])
    assert tracker.active == 1
    _, early = tracker.update(stamp(1.0), WIDTH, HEIGHT, [])
    _, late = tracker.update(stamp(2.0), WIDTH, HEIGHT, [])
    assert (early, len(late), tracker.active) == ((), 1, 0)
    assert late[0].ended.monotonic == pytest.approx(0.4)


def test_finishing_ends_all_and_twice_ends_nothing_more() -> None:
    tracker = Tracker()
    for number in range(5):
        tracker.update(stamp(number / RATE), WIDTH, HEIGHT, [(face(100), None), (face(500), None)])
    assert len(tracker.finish(stamp(0.5))) == 2
    assert tracker.finish(stamp(0.6)) == ()


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([0.95] * 6, "female"),
        ([0.05] * 6, "male"),
        ([0.9, 0.9, 0.2, 0.9, 0.9, 0.9], "female"),
        ([0.9, 0.1] * 6, "unsure"),
        ([0.52] * 8, "unsure"),
        ([None] * 8, "unsure"),
    ],
)
def test_the_vote_decides_or_stays_unsure(looks: list[float | None], expected: str) -> None:
    frames = [[(face(300), None if look is None else perceived(look))] for look in looks]
    (visit,) = play(Tracker(), frames)[1]
    assert visit.perceived_gender == expected
    assert 0.5 <= visit.confidence <= 1


def test_large_sharp_looks_outweigh_small_poor_ones() -> None:
    far = [[(face(300, size=30, score=0.55), perceived(0.1))] for _ in range(4)]
    near = [[(face(300, size=30 + 12 * n, score=0.95), perceived(0.97))] for n in range(5)]
    (visit,) = play(Tracker(), far + near)[1]
    assert visit.perceived_gender == "female"
    assert visit.female_weight > 2 * visit.male_weight


def test_the_steady_label_does_not_flicker() -> None:
    noisy = [0.9, 0.9, 0.35, 0.85, 0.3, 0.9, 0.4, 0.9, 0.3, 0.85]
    sightings, _ = play(Tracker(), [[(face(300), perceived(look))] for look in noisy])
    assert {seen[0].steady for seen in sightings} == {"female"}


def test_the_steady_label_gives_way_to_better_looks() -> None:
    looks = [0.1] * 3 + [0.97] * 16
    sightings, visits = play(Tracker(), [[(face(300), perceived(look))] for look in looks])
    shown = [seen[0].steady for seen in sightings]
    changes = sum(one != other for one, other in pairwise(shown))
    assert (shown[0], shown[-1], changes) == ("male", "female", 2)
    assert visits[0].perceived_gender == "female"


@pytest.mark.parametrize("rate", [2.0, 30.0])
def test_slow_and_quick_cameras_count_alike(rate: float) -> None:
    assert len(play(Tracker(), crossing(widths_per_second=1.5, rate=rate), rate=rate)[1]) == 1


def test_a_clock_that_stands_still_follows_and_lets_go() -> None:
    tracker = Tracker(TrackerRules(max_missed_frames=20))
    for x in range(100, 400, 10):
        seen, _ = tracker.update(stamp(5.0), WIDTH, HEIGHT, [(face(x), None)])
        assert seen[0].track == 1
    ended = [tracker.update(stamp(5.0), WIDTH, HEIGHT, [])[1] for _ in range(30)]
    assert sum(map(len, ended)) == 1
    assert tracker.active == 0


def test_a_clock_that_jumps_back_breaks_nothing() -> None:
    tracker = Tracker()
    for seconds in (1000.0, 1000.1, 3.0, 3.1, 3.2):
        seen, ended = tracker.update(stamp(seconds), WIDTH, HEIGHT, [(face(300), None)])
        assert (seen[0].track, ended) == (1, ())
    _, ended = tracker.update(stamp(9.0), WIDTH, HEIGHT, [])
    assert len(ended) == 1
    assert ended[0].ended.monotonic >= ended[0].started.monotonic


def test_a_clock_that_jumps_ahead_ends_what_was_open() -> None:
    tracker = Tracker()
    for number in range(5):
        tracker.update(stamp(number / RATE), WIDTH, HEIGHT, [(face(300), None)])
    seen, ended = tracker.update(stamp(5000.0), WIDTH, HEIGHT, [(face(300), None)])
    assert len(ended) == 1
    assert seen[0].track == 2


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_wall_time_that_is_set_changes_nothing(jump: float) -> None:
    """Neither ends a visit nor stretches it: only the machine's own seconds count."""
    tracker = Tracker()
    visits: list[Visit] = []
    here: list[Look] = [(face(300), None)]
    for number, looks in enumerate([here] * 6 + [[]] * 5 + [here] * 6 + [[]] * 30):
        moment = stamp(100 + number / RATE)
        if number >= 8:
            moment = replace(moment, wall=moment.wall + jump)
        visits += tracker.update(moment, WIDTH, HEIGHT, looks)[1]
    assert tracker.active == 0
    (visit,) = visits
    assert visit.ended.monotonic - visit.started.monotonic == pytest.approx(1.6)


def test_visits_are_named_apart_across_boots_and_restarts() -> None:
    names: set[str] = set()
    for boot, start in (("aaaaaaaaaa", 5.0), ("bbbbbbbbbb", 5.0), ("aaaaaaaaaa", 900.0)):
        tracker = Tracker()
        for number in range(4):
            when = stamp(start + number / RATE, boot)
            tracker.update(when, WIDTH, HEIGHT, [(face(100), None), (face(500), None)])
        names.update(visit.identity for visit in tracker.finish(stamp(start + 1, boot)))
    assert len(names) == 6
    assert "aaaaaaaa-5000-1" in names


def test_a_caller_may_name_visits() -> None:
    tracker = Tracker(name_visit=lambda started, track: f"{started.boot_id}/{track}")
    for number in range(4):
        tracker.update(stamp(number / RATE, "b"), WIDTH, HEIGHT, [(face(100), None)])
    assert [visit.identity for visit in tracker.finish(stamp(1, "b"))] == ["b/1"]


coordinates = st.floats(-200, 900, allow_nan=False)
faces = st.builds(
    lambda x, y, width, height, score: Face(Box(x, y, width, height), (), score),
    coordinates,
    coordinates,
    st.floats(0, 300),
    st.floats(0, 300),
    st.floats(0, 1),
)
looks = st.tuples(faces, st.none() | st.floats(0, 1).map(perceived))
frames = st.lists(
    st.tuples(st.floats(-1, 3, allow_nan=False), st.lists(looks, max_size=5)), max_size=25
)


@given(frames, st.randoms(use_true_random=False))
def test_the_order_of_faces_in_a_frame_changes_nothing(
    played: list[tuple[float, list[Look]]], shuffler: Random
) -> None:
    one, other, seconds = Tracker(), Tracker(), 0.0
    for passed, seen in played:
        seconds += passed
        shuffled = list(seen)
        shuffler.shuffle(shuffled)
        when = stamp(seconds)
        assert one.update(when, WIDTH, HEIGHT, seen) == other.update(when, WIDTH, HEIGHT, shuffled)
    assert one.finish(stamp(seconds)) == other.finish(stamp(seconds))


@given(frames)
def test_what_always_holds(played: list[tuple[float, list[Look]]]) -> None:
    tracker, seconds = Tracker(), 0.0
    sightings_of: dict[int, int] = {}
    visits: list[Visit] = []
    for passed, seen in played:
        seconds += passed
        sightings, ended = tracker.update(stamp(seconds), WIDTH, HEIGHT, seen)
        tracks = [sighting.track for sighting in sightings]
        assert len(set(tracks)) == len(tracks) == len(seen)
        assert sorted(id(sighting.face) for sighting in sightings) == sorted(
            id(one) for one, _ in seen
        )
        for track in tracks:
            sightings_of[track] = sightings_of.get(track, 0) + 1
        visits.extend(ended)
    visits.extend(tracker.finish(stamp(seconds)))
    assert tracker.active == 0
    assert len({visit.identity for visit in visits}) == len(visits)
    for visit in visits:
        assert visit.sightings >= TrackerRules().min_sightings
        assert visit.sightings == sightings_of[int(visit.identity.rsplit("-", 1)[1])]
        assert visit.ended.monotonic >= visit.started.monotonic
        assert 0.5 <= visit.confidence <= 1
        total = visit.female_weight + visit.male_weight
        if total > 0:
            leading = max(visit.female_weight, visit.male_weight)
            assert visit.confidence == pytest.approx(leading / total)


@given(st.floats(0.5, 6), st.floats(40, 150), st.floats(5, 30))
def test_a_smooth_walk_is_always_one_visit(speed: float, size: float, rate: float) -> None:
    walk = crossing(widths_per_second=speed, size=size, rate=rate)
    if len(walk) >= TrackerRules().min_sightings:
        assert len(play(Tracker(), walk, rate=rate)[1]) == 1


def test_stricter_rules_count_less() -> None:
    frames = [[(face(300), perceived(0.9))]] * 5
    strict = replace(TrackerRules(), min_sightings=6)
    assert len(play(Tracker(), frames)[1]) == 1
    assert play(Tracker(strict), frames)[1] == []
