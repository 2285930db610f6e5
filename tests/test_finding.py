# SPDX-License-Identifier: Apache-2.0
"""`passerby cameras`: what there is, in words a person can act on, and never a failure."""

import json

import pytest

from device import cli
from device.cameras import finding
from device.cameras.finding import Found, NoneFound
from device.verbs.cameras import sentence


def test_each_kind_answers_on_any_machine() -> None:
    answers = list(finding.find_cameras())
    assert {answer.kind for answer in answers} == {"picamera", "v4l2"}
    for answer in answers:
        if isinstance(answer, NoneFound):
            assert ", expected " in answer.reason


def test_the_verb_tells_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cameras"]) == 0
    said = capsys.readouterr().out
    for kind in ("picamera", "v4l2", "replay", "fake"):
        assert f"{kind}: " in said
    assert 'in [camera]: source = "fake"' in said


def test_the_verb_tells_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cameras", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {camera["kind"] for camera in told["cameras"]} >= {"replay", "fake"}
    for missing in told["missing"]:
        assert missing["reason"]


def test_a_webcam_comes_with_its_formats_and_the_keys_that_choose_it() -> None:
    webcam = Found("v4l2", "C920", {"source": "v4l2", "path": "/dev/video0"}, ("MJPG 640x480",))
    assert sentence(webcam) == (
        'v4l2: C920\n    gives MJPG 640x480\n    in [camera]: source = "v4l2", path = "/dev/video0"'
    )
