# SPDX-License-Identifier: Apache-2.0
"""People walking past, composed from labelled face pictures, with the truth about every frame.

A scene file is a folder, or a ZIP whose entries are stored, with

- `scene.json`: `format` (1), `name`, `width`, `height` (pixels), `frames_per_second`, `seed`,
  `attribution`, `licence`, `frames` (names in order of time) and `truth`;
- `frames/000000.jpg` and so on.

`truth` holds `people` (identity, label, source picture) and, in step with `frames`, `faces`: for
each frame a list of identity, box (x, y, width, height of the face in pixels, not of the picture
it came from) and visible share. A camera that replays a scene needs `frames` and
`frames_per_second` only. `truth.py` defines and reads all of it.
"""
