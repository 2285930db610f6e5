# SPDX-License-Identifier: Apache-2.0
"""Webcams and other video nodes below the real linuxpy: ioctls, memory and poll, no wall time.

The nodes are empty files of a folder. A webcam fills one queued buffer a period and drops the frame
when none is queued, as uvcvideo does. Time passes only where the camera is waited for, or by hand.
"""

import errno
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras import v4l2
from device.cameras.fake import card, packed
from device.cameras.layouts import Layout, row_bytes
from device.cameras.webcams import FORMATS
from device.clock import ManualClock

PADDING = 32
USB = "usb-xhci-hcd.0-1"


def fourcc(name: str) -> int:
    return int.from_bytes(name.encode(), "little")


@dataclass
class Control:
    """One whole number; `kind` is V4L2's type of controls: 1 integer, 2 boolean, 3 menu."""

    name: str
    identity: int
    kind: int = 1
    maximum: int = 10_000
    refused: int = 0
    value: int | None = None


@dataclass
class Node:
    """A video node; `formats` by the name of their kind of buffer, `sizes` of all of them."""

    card: str = "HD Pro Webcam C920"
    driver: str = "uvcvideo"
    bus: str = USB
    capabilities: str = "VIDEO_CAPTURE STREAMING"
    formats: dict[str, list[str]] = field(default_factory=lambda: {"VIDEO_CAPTURE": ["YUYV"]})
    sizes: list[tuple[int, int]] = field(default_factory=lambda: [(640, 480), (320, 240)])
    granted: tuple[int, int] | None = None
    granted_format: str | None = None
    padding: int = PADDING
    period: float = 0.1
    rate: tuple[int, int] | None = None
    controls: list[Control] = field(default_factory=list)
    # Errors by the name of the ioctl, the camera's silence, and frames that come damaged or short.
    fails: dict[str, int] = field(default_factory=dict)
    silent: bool = False
    damaged: set[int] = field(default_factory=set)
    short: set[int] = field(default_factory=set)
    streaming: bool = False
    format: tuple[str, int, int] = ("YUYV", 640, 480)
    sequence: int = 0
    due: float = 0.0
    queued: deque[int] = field(default_factory=deque)
    done: deque[tuple[int, int, int]] = field(default_factory=deque)
    memory: list["Memory"] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        name, width, height = self.format
        stride = 0 if name == "MJPG" else row_bytes(FORMATS[name], width) + self.padding
        return Layout(FORMATS[name], width, height, stride, full_range=name == "MJPG")

    def frame(self, number: int) -> bytes:
        layout = self.layout
        full = packed(card(layout.width, layout.height, number=number), layout)
        if layout.format == "YUYV":
            full = _limited(full)
        return full.tobytes()[: len(full) // 2 if number in self.short else None]

    def pass_time(self, until: float) -> None:
        """Make the frames that are due until then; each needs a buffer or is lost."""
        while self.streaming and not self.silent and self.due <= until:
            if self.queued:
                index, data = self.queued.popleft(), self.frame(self.sequence)
                self.memory[index][: len(data)] = data
                self.done.append((index, self.sequence, len(data)))
            self.sequence += 1
            self.due += self.period


class Memory(bytearray):
    """A buffer of the driver's, shaped after mmap: its slices are copies."""

    def close(self) -> None: ...


class World:
    """All nodes of a machine, by their names."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, clock: ManualClock) -> None:
        self._video = pytest.importorskip(
            "linuxpy.video.device", reason="linuxpy is not installed: pip install '.[webcam]'"
        )
        self._folder = folder
        self.clock = clock
        self.nodes: dict[str, Node] = {}
        patch.setattr(v4l2, "_DEVICES", folder)
        patch.setattr(v4l2, "select", SimpleNamespace(poll=lambda: Poll(self), POLLIN=1))
        patch.setattr(self._video, "ioctl", self._ioctl)
        patch.setattr(self._video, "mem_map", self._mem_map)
        self._by_number: dict[int, Node] = {}

    def plug(self, name: str, node: Node) -> Path:
        """Add a node."""
        path = self._folder / name
        path.touch()
        self.nodes[name] = node
        return path

    def node_of(self, number: int) -> Node:
        """The node behind a file descriptor."""
        return self._by_number[number]

    def advance(self, seconds: float) -> None:
        """Let time pass for all."""
        self.clock.advance(seconds)
        for node in self.nodes.values():
            node.pass_time(self.clock.monotonic())

    def _mem_map(self, device: Any, length: int, offset: int) -> Memory:
        node = self.nodes[Path(device.filename).name]
        assert offset == len(node.memory)
        node.memory.append(Memory(length))
        return node.memory[-1]

    def _ioctl(self, device: Any, request: Any, *arguments: Any) -> Any:
        node = self.nodes[Path(device.filename).name]
        self._by_number[device.fileno()] = node
        if request.name in node.fails:
            raise OSError(node.fails[request.name], "as the test wants it")
        answer = getattr(self, f"_{request.name.lower()}", None)
        if answer is None:
            raise OSError(errno.ENOTTY, f"{request.name} is not for this node")
        answer(node, *arguments)
        return arguments[0] if arguments else None

    def _querycap(self, node: Node, told: Any) -> None:
        capability = self._video.Capability
        bits = sum(int(capability[name]) for name in node.capabilities.split())
        told.driver, told.card, told.bus_info = (
            text.encode(errors="surrogateescape") for text in (node.driver, node.card, node.bus)
        )
        told.capabilities = told.device_caps = bits

    def _enum_fmt(self, node: Node, asked: Any) -> None:
        names = node.formats.get(self._video.BufferType(asked.type).name, [])
        asked.pixelformat = fourcc(_listed(names, asked.index))
        asked.description = b"a format"

    def _enum_framesizes(self, node: Node, asked: Any) -> None:
        size = _listed(node.sizes, asked.index)
        asked.type = 1
        asked.m1.discrete.width, asked.m1.discrete.height = size

    def _s_fmt(self, node: Node, asked: Any) -> None:
        self._only_capture(node, asked.type)
        wished = asked.fmt.pix
        name = int(wished.pixelformat).to_bytes(4, "little").decode()
        node.format = (
            node.granted_format or name, *(node.granted or (wished.width, wished.height)),
        )  # fmt: skip

    def _g_fmt(self, node: Node, asked: Any) -> None:
        self._only_capture(node, asked.type)
        name, width, height = node.format
        pix = asked.fmt.pix
        pix.width, pix.height, pix.pixelformat = width, height, fourcc(name)
        pix.sizeimage = 4 * width * height
        pix.bytesperline = node.layout.stride if name in FORMATS else width

    def _only_capture(self, node: Node, kind: int) -> None:
        if "VIDEO_CAPTURE" not in node.capabilities.split() or kind != 1:
            raise OSError(errno.EINVAL, "no such kind of buffer")

    def _s_parm(self, node: Node, asked: Any) -> None:
        every = asked.parm.capture.timeperframe
        node.rate = (every.denominator, every.numerator)

    def _reqbufs(self, node: Node, asked: Any) -> None:
        node.queued.clear()
        node.done.clear()
        node.memory.clear()

    def _querybuf(self, node: Node, asked: Any) -> None:
        _, width, height = node.format
        asked.length, asked.m.offset = 4 * width * height, asked.index

    def _qbuf(self, node: Node, buffer: Any) -> None:
        assert buffer.index not in node.queued
        node.queued.append(buffer.index)

    def _dqbuf(self, node: Node, buffer: Any) -> None:
        if not node.done:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        buffer.index, buffer.sequence, buffer.bytesused = node.done.popleft()
        buffer.flags = 0x40 if buffer.sequence in node.damaged else 0

    def _streamon(self, node: Node, _: Any) -> None:
        node.streaming, node.due = True, self.clock.monotonic() + node.period

    def _streamoff(self, node: Node, _: Any) -> None:
        node.streaming = False

    def _query_ext_ctrl(self, node: Node, asked: Any) -> None:
        control = _listed(node.controls, asked.index)
        asked.id, asked.type, asked.name = control.identity, control.kind, control.name.encode()
        asked.minimum, asked.maximum, asked.step, asked.flags = 0, control.maximum, 1, 0

    def _querymenu(self, node: Node, asked: Any) -> None:
        asked.name = b"an entry"

    def _s_ext_ctrls(self, node: Node, asked: Any) -> None:
        for given in asked.controls[: asked.count]:
            control = next(one for one in node.controls if one.identity == given.id)
            if control.refused:
                raise OSError(control.refused, "as the test wants it")
            control.value = given.value


def _limited(pairs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma and chroma by turns, from the full range to 16-235 and 16-240."""
    by_turns = np.tile([219.0, 224.0], len(pairs) // 2)
    limited: NDArray[np.uint8] = np.rint(pairs * by_turns / 255 + 16).astype(np.uint8)
    return limited


def _listed(entries: list[Any], index: int) -> Any:
    if index >= len(entries):
        raise OSError(errno.EINVAL, "the list is over")
    return entries[index]


class Poll:
    """select.poll for one descriptor: waiting makes the world's time pass, frame by frame."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._number = -1

    def register(self, number: int, events: int) -> None:
        assert events == 1
        self._number = number

    def poll(self, milliseconds: float) -> list[tuple[int, int]]:
        node, clock = self._world.node_of(self._number), self._world.clock
        end = clock.monotonic() + milliseconds / 1e3
        while not _ready(node):
            left = end - clock.monotonic()
            if node.silent or node.due > end or left < 0:
                self._world.advance(max(0.0, left))
                return []
            self._world.advance(max(0.0, node.due - clock.monotonic()))
        return [(self._number, 1)]


def _ready(node: Node) -> bool:
    return bool(node.done) or "DQBUF" in node.fails


def pi5() -> Iterator[tuple[str, Node]]:
    """Nodes of a Pi 5 without a webcam, by their kinds: rp1-cfe, the HEVC decoder and pispbe."""
    yield "video0", _part("rp1-cfe", "1f00110000.csi", "VIDEO_CAPTURE META_CAPTURE IO_MC")
    yield "video19", _part("rpi-hevc-dec", "rpi-hevc-dec", "VIDEO_M2M_MPLANE")
    planes = ("VIDEO_OUTPUT_MPLANE", "VIDEO_CAPTURE_MPLANE", "META_CAPTURE", "META_OUTPUT")
    for number, kind in enumerate(planes, 20):
        yield f"video{number}", _part("pispbe", "1000880000.pisp_be", kind)


def pi4() -> Iterator[tuple[str, Node]]:
    """Nodes of a Pi 4, 3 or Zero 2 W without a webcam: unicam, the codec, and the ISP twice."""
    yield "video0", _part("unicam", "fe801000.csi", "VIDEO_CAPTURE")
    for number in (10, 11, 12, 18, 31):
        yield f"video{number}", _part("bcm2835-codec", "bcm2835-codec", "VIDEO_M2M_MPLANE")
    for first in (13, 20):
        kinds = ("VIDEO_OUTPUT", "VIDEO_CAPTURE", "VIDEO_CAPTURE", "META_CAPTURE")
        for number, kind in enumerate(kinds, first):
            yield f"video{number}", _part("bcm2835-isp", "bcm2835-isp", kind)


def _part(driver: str, place: str, kinds: str) -> Node:
    """A part of a chip, which offers what a webcam would."""
    return Node(
        driver, driver, f"platform:{place}", f"{kinds} STREAMING",
        {kind: ["YU12", "YUYV", "RGB3"] for kind in kinds.split()},
    )  # fmt: skip
