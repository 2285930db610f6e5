# SPDX-License-Identifier: Apache-2.0
"""A picture of nothing but zeros: small as a file, huge when it is decoded."""

import struct
import zlib


def png_of_zeros(side: int) -> bytes:
    """A sound grey PNG of `side` x `side` black pixels, made without as much memory."""
    squeeze = zlib.compressobj(1)
    row = bytes(side + 1)
    body = b"".join([squeeze.compress(row) for _ in range(side)]) + squeeze.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
