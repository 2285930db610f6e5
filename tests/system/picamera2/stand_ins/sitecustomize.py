# SPDX-License-Identifier: Apache-2.0
"""Lets the unmodified picamera2 run on libcamera's virtual pipeline, in every Python started here.

Python imports this file at its start. What differs from a Pi, and nothing else, is changed when
picamera2 is first imported: the virtual camera has no raw modes to list, its NV12 buffers must be
described to libcamera as two planes where picamera2's allocator describes one, and where the kernel
has no /dev/dma_heap (Debian's), they come from its /dev/udmabuf. It also gives frames as fast as it
is asked; $VIRTUAL_FRAMES_PER_SECOND makes them come one by one, at a rate, as a sensor's do.
"""

from __future__ import annotations

import sys

# Nothing else is imported before it is needed: the memory of every Python here is measured.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class _Finder:
    """Steps aside after picamera2 has been found once."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> Any:
        if name != "picamera2":
            return None
        sys.meta_path.remove(self)
        spec = next(filter(None, (f.find_spec(name, path, None) for f in sys.meta_path)), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_adapt(module: ModuleType) -> None:
                load(module)
                _adapt(module)

            spec.loader.exec_module = load_and_adapt  # type: ignore[method-assign]
        return spec


def _adapt(picamera2: ModuleType) -> None:
    import os

    import libcamera
    import picamera2.allocators.dmaallocator as allocators

    class FrameBuffer:
        Plane = libcamera.FrameBuffer.Plane

        def __new__(cls, planes: list[Any]) -> Any:
            luma, chroma = planes[0], cls.Plane()
            total = luma.length
            luma.length = total * 2 // 3
            chroma.fd, chroma.offset, chroma.length = luma.fd, luma.length, total - luma.length
            return libcamera.FrameBuffer([luma, chroma])

    class Libcamera:
        def __getattr__(self, name: str) -> Any:
            return FrameBuffer if name == "FrameBuffer" else getattr(libcamera, name)

    allocators.libcamera = Libcamera()
    if os.access("/dev/udmabuf", os.W_OK) and not os.access("/dev/dma_heap", os.F_OK):
        allocators.DmaHeap = _udmabuf_heap()
    if rate := os.environ.get("VIRTUAL_FRAMES_PER_SECOND"):
        _pace(picamera2.picamera2.CameraManager, 1 / float(rate))
    modes = [{"format": "NV12", "size": (640, 480)}]
    picamera2.Picamera2._get_raw_modes = lambda self: list(modes)


def _pace(manager: Any, period: float) -> None:
    import time

    every = manager.cms.fget
    due, waiting = [time.monotonic()], []

    class OneByOne:
        def __init__(self, cms: Any) -> None:
            self._cms = cms

        def __getattr__(self, name: str) -> Any:
            return getattr(self._cms, name)

        def get_ready_requests(self) -> list[Any]:
            time.sleep(max(0.0, due[0] - time.monotonic()))
            due[0] = max(due[0] + period, time.monotonic())
            waiting.extend(self._cms.get_ready_requests())
            # What was cancelled is let go at once: the camera is stopping.
            count = 1 if all(one.status.name == "Complete" for one in waiting) else len(waiting)
            ready = waiting[:count]
            del waiting[:count]
            return ready

    manager.cms = property(lambda self: OneByOne(every(self)))


def _udmabuf_heap() -> type:
    import fcntl
    import mmap
    import os
    import struct

    from picamera2.dma_heap import UniqueFD

    create, add_seals, seal_shrink = 0x40187542, 1033, 2  # linux/udmabuf.h, fcntl.h

    class DmaHeap:
        isValid = True  # noqa: N815  picamera2's name

        def __init__(self) -> None:
            self._device = os.open("/dev/udmabuf", os.O_RDWR | os.O_CLOEXEC)

        def alloc(self, name: str, size: int) -> Any:
            size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
            memory = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(memory, size)
            fcntl.fcntl(memory, add_seals, seal_shrink)
            wanted = bytearray(struct.pack("IIQQ", memory, 1, 0, size))
            buffer = fcntl.ioctl(self._device, create, wanted, True)
            os.close(memory)
            return UniqueFD(buffer)

        def close(self) -> None:
            os.close(self._device)

    return DmaHeap


sys.meta_path.insert(0, _Finder())
