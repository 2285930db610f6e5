# SPDX-License-Identifier: Apache-2.0
"""Stands in for the pykms package, which picamera2 imports for a preview that nobody opens here."""


class _AnyName:
    def __getattr__(self, name: str) -> str:
        return name


PixelFormat = _AnyName()
