# SPDX-License-Identifier: Apache-2.0
"""What the C library does with freed memory: keep it, since the next frame needs as much again.

glibc gives the free end of its heap back to the kernel once it is larger than a threshold that it
guesses, and whether a frame's pixels lie at that end is luck. Where they do, every frame pays for
some 700 page faults (640x480): in benchmarks/overhead.py whole frames took 4.8 ms instead of 2.9.
The peak is no higher.
"""

import ctypes
from typing import Final

# mallopt(3). Above every frame's pixels, and no more than a 64-bit glibc accepts for mmap.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 32 * 2**20


def keep_freed_memory() -> None:
    """Reuse what frames have freed; where the C library is not glibc, nothing changes."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(option, _KEPT_BYTES)
