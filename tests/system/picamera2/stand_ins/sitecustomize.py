# SPDX-License-Identifier: Apache-2.0
"""Lets the unmodified picamera2 run on libcamera's virtual pipeline, in every Python started here.

Python imports this file at its start. What differs from a Pi, and nothing else, is changed when
picamera2 is first imported: the virtual camera has no raw modes to list, its NV12 buffers must be
described to libcamera as two planes where picamera2's allocator describes one, and where the kernel
has no /dev/dma_heap (Debian's), they come from its /dev/udmabuf. It also gives frames without end;
where $VIRTUAL_SECONDS is set, one comes for each that is fetched, or after so many seconds, so that
what a slow processor sees is told by its pictures and not by its speed.
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
    if seconds := os.environ.get("VIRTUAL_SECONDS"):
        _pace(picamera2.Picamera2, picamera2.picamera2.CameraManager, float(seconds))
    modes = [{"format": "NV12", "size": (640, 480)}]
    picamera2.Picamera2._get_raw_modes = lambda self: list(modes)


def _pace(camera: Any, manager: Any, seconds: float) -> None:
    import threading
    import time

    every, capture = manager.cms.fget, camera.capture_request
    fetched, waiting = threading.Semaphore(1), []

    class OneByOne:
        def __init__(self, cms: Any) -> None:
            self._cms = cms

        def __getattr__(self, name: str) -> Any:
            return getattr(self._cms, name)

        def get_ready_requests(self) -> list[Any]:
            deadline = time.monotonic() + seconds
            while True:
                waiting.extend(self._cms.get_ready_requests())
                stopping = any(one.status.name != "Complete" for one in waiting)
                if stopping or not waiting:
                    break
                if fetched.acquire(timeout=0.05) or time.monotonic() > deadline:
                    return [waiting.pop(0)]
            ready = waiting[:]
            waiting.clear()
            return ready

    def capture_request(self: Any, *words: Any, **named: Any) -> Any:
        fetched.release()
        return capture(self, *words, **named)

    manager.cms = property(lambda self: OneByOne(every(self)))
    camera.capture_request = capture_request


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
