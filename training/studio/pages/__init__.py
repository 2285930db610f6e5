# SPDX-License-Identifier: Apache-2.0
"""One page a file; each has `show(home: Home) -> None`."""
