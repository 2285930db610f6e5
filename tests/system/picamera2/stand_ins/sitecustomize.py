# SPDX-License-Identifier: Apache-2.0
"""Lets the unmodified picamera2 run on libcamera's virtual pipeline, in every Python started here.

Python imports this file at its start. What differs from a Pi, and nothing else, is changed when
picamera2 is first imported: the virtual camera has no raw modes to list, and its NV12 buffers must
be described to libcamera as two planes where picamera2's allocator describes one.
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
    modes = [{"format": "NV12", "size": (640, 480)}]
    picamera2.Picamera2._get_raw_modes = lambda self: list(modes)


sys.meta_path.insert(0, _Finder())
