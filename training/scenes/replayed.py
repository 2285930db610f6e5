# SPDX-License-Identifier: Apache-2.0
"""Reads what the daemon wrote in its journal about a scene, so that it can be held to the truth."""

from collections.abc import Iterable
from typing import Any

import msgspec

from device.errors import InputError
from device.records import Box, Face, Observation, Sighting, Stamp, Visit
from training.scenes.truth import Scene
from training.scenes.watching import Seen


def read_journal(lines: Iterable[bytes], scene: Scene) -> Seen:
    """What a `passerby run --verbose` over a scene has seen, from its lines of JSON.

    Visits are renamed by their track's number, which their identity ends with.

    Raises:
        InputError: a line is no JSON of the journal, or the frames are not those of the scene.
    """
    observations: list[Observation] = []
    ended: list[Visit] = []
    visits: list[Visit] = []
    try:
        for line in lines:
            said = msgspec.json.decode(line)
            if said["event"] == "visit":
                ended.append(_visit(said))
            elif said["event"] == "frame":
                observations.append(_observation(said, scene, tuple(ended)))
                visits.extend(ended)
                ended = []
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the journal holds a line that is none of its own ({error!r}); run the daemon again"
        ) from error
    if len(observations) != len(scene.frames):
        raise InputError(
            f"the journal tells of {len(observations)} frames, the scene has {len(scene.frames)}; "
            "play it with --once --fast --verbose"
        )
    return Seen(scene, tuple(observations), (*visits, *ended))


def _visit(said: dict[str, Any]) -> Visit:
    return Visit(
        identity=str(said["identity"]).rpartition("-")[2],
        started=_stamp(said["started"]),
        ended=_stamp(said["ended"]),
        perceived_gender=said["perceived_gender"],
        confidence=float(said["confidence"]),
        sightings=int(said["sightings"]),
        female_weight=float(said["female_weight"]),
        male_weight=float(said["male_weight"]),
    )


def _observation(said: dict[str, Any], scene: Scene, ended: tuple[Visit, ...]) -> Observation:
    return Observation(
        frame=int(said["frame"]),
        taken_at=_stamp(said["taken_at"]),
        width=scene.width,
        height=scene.height,
        sightings=tuple(map(_sighting, said["faces"])),
        ended=ended,
        timings=dict(said["timings"]),
    )


def _sighting(said: dict[str, Any]) -> Sighting:
    x, y, width, height = said["box"]
    face = Face(Box(x, y, width, height), (), said["detection_score"])
    return Sighting(said["track"], face, None, said["perceived_gender"], said["confidence"])


def _stamp(said: dict[str, Any]) -> Stamp:
    return Stamp(said["boot_id"], said["monotonic"], said["wall"], said["clock_synchronised"])
