# SPDX-License-Identifier: Apache-2.0
"""`python -m device` is `passerby`."""

from device.cli import enter

if __name__ == "__main__":
    enter()
