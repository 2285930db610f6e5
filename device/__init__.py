# SPDX-License-Identifier: Apache-2.0
"""The lean daemon that runs on the Raspberry Pi. Importing it loads neither numpy nor a runtime."""

__version__ = "0.1.0"
