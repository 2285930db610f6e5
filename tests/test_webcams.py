# SPDX-License-Identifier: Apache-2.0
"""Which nodes are webcams: those of a Pi's chip are not, and an odd one hides no other."""

import errno
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from linuxpy_shape import Node, World, pi4, pi5

from device import cli
from device.cameras import Wish, make_camera, v4l2
from device.clock import ManualClock
from device.errors import CameraError

Chip = Callable[[], Iterator[tuple[str, Node]]]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch, ManualClock())


def plug(world: World, chip: Chip) -> None:
    for name, node in chip():
        world.plug(name, node)


def test_a_webcam_is_told_with_its_formats_and_sizes(world: World, tmp_path: Path) -> None:
    world.plug("video0", Node(formats={"VIDEO_CAPTURE": ["YUYV", "MJPG", "GREY"]}))
    world.plug("video1", Node(capabilities="META_CAPTURE STREAMING"))
    (tmp_path / "video-not-a-number").touch()
    (found,) = v4l2.find()
    assert found.name == "HD Pro Webcam C920"
    assert found.settings == {"source": "v4l2", "path": str(tmp_path / "video0")}
    assert found.formats == ("YUYV 640x480 320x240", "MJPG 640x480 320x240")


@pytest.mark.parametrize("chip", [pi4, pi5])
def test_a_pi_without_a_webcam_says_to_plug_one_in(world: World, chip: Chip) -> None:
    plug(world, chip)
    looks: list[Callable[[], object]] = [
        v4l2.find,
        lambda: make_camera("v4l2", Wish(), clock=world.clock).__enter__(),
    ]
    for look in looks:
        with pytest.raises(CameraError, match=r"none of \d+ video nodes .*plug it in") as caught:
            look()
        assert caught.value.exit_status == 10


@pytest.mark.parametrize("chip", [pi4, pi5])
def test_a_pi_lists_its_webcam_and_no_part_of_its_chip(
    world: World, chip: Chip, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(world, chip)
    path = world.plug("video40", Node())
    assert cli.main(["cameras", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["cameras"]
    assert [one["settings"]["path"] for one in told if one["kind"] == "v4l2"] == [str(path)]
    with make_camera("v4l2", Wish(), clock=world.clock) as eye:
        assert eye.capture(1.0).pixels.shape == (480, 640, 3)


@pytest.mark.parametrize("driver", ["vivid", "v4l2 loopback"])
def test_cameras_of_software_are_webcams(world: World, driver: str) -> None:
    world.plug("video0", Node(driver=driver, bus=f"platform:{driver}-000"))
    assert len(v4l2.find()) == 1


def test_other_kinds_of_buffers_do_no_harm(world: World) -> None:
    """linuxpy 0.25.0 breaks where it lists formats of several planes."""
    kinds = ("VIDEO_CAPTURE", "VIDEO_CAPTURE_MPLANE", "META_CAPTURE")
    formats = {"VIDEO_CAPTURE": ["YUYV"], "VIDEO_CAPTURE_MPLANE": ["NM12"], "META_CAPTURE": []}
    world.plug("video0", Node(capabilities=f"{' '.join(kinds)} STREAMING", formats=formats))
    (found,) = v4l2.find()
    assert found.formats == ("YUYV 640x480 320x240",)
    with make_camera("v4l2", Wish(), clock=world.clock) as eye:
        assert eye.capture(1.0).number == 0


def test_nodes_come_in_the_order_of_their_numbers(world: World) -> None:
    for name in ("video10", "video2"):
        world.plug(name, Node(card=name))
    assert [found.name for found in v4l2.find()] == ["video2", "video10"]


@pytest.mark.parametrize(
    "odd",
    [
        Node(fails={"QUERYCAP": errno.EIO}),
        Node(fails={"ENUM_FMT": errno.EIO}),
        Node(fails={"ENUM_FRAMESIZES": errno.ENODEV}),
        Node(card="\udcff"),
        Node(capabilities="VIDEO_CAPTURE READWRITE"),
        Node(capabilities="VIDEO_CAPTURE STREAMING IO_MC", bus="PCI:0000:00:05.0"),
        Node(formats={"VIDEO_CAPTURE": ["????"]}),
        Node(formats={}),
    ],
    ids=["dead", "no-formats", "no-sizes", "no-utf8", "read-only", "wired", "unknown", "none"],
)
def test_an_odd_node_hides_no_other(world: World, odd: Node) -> None:
    world.plug("video0", odd)
    world.plug("video1", Node(card="the good one"))
    assert [found.name for found in v4l2.find()] == ["the good one"]


def test_an_odd_node_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.plug("video0", Node(fails={"QUERYCAP": errno.EIO}))
    with caplog.at_level(logging.WARNING), pytest.raises(CameraError, match="plug it in"):
        v4l2.find()
    assert "video0 is passed over" in caplog.text
