# SPDX-License-Identifier: Apache-2.0
"""The emulated Pi: an arm64 Debian Trixie machine under QEMU, of Debian's and PyPI's packages."""
