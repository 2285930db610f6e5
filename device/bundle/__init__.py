# SPDX-License-Identifier: Apache-2.0
"""The model bundle: its schema, opening and verifying one, replaying its golden cases.

The replay (`golden`) is not imported here: it needs the detector and the classifier, which need
this room.
"""

from device.bundle.opening import Bundle, open_bundle

__all__ = ["Bundle", "open_bundle"]
