# SPDX-License-Identifier: Apache-2.0
"""`python -m device` is `passerby`."""

import sys

from device.cli import main

if __name__ == "__main__":
    sys.exit(main())
