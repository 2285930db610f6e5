# SPDX-License-Identifier: Apache-2.0
"""Walks through a bundle's files looking for faces that do not belong there."""

import io
from pathlib import Path

import pytest
from PIL import Image

from device.bundle import open_bundle
from training.report.contents import FILES


def assert_no_picture_but_golden_crops(bundle: Path) -> None:
    """By content, not by name: nothing that a picture library opens, nothing inline."""
    manifest = open_bundle(bundle).manifest
    golden = {f"golden/{case.file}" for case in manifest.golden.cases}
    plots = {f"report/{name}" for name in FILES if name.endswith(".png")}
    for path in bundle.rglob("*"):
        name = str(path.relative_to(bundle))
        if path.is_dir() or name in golden | plots:
            continue
        blob = path.read_bytes()
        assert b"data:image" not in blob, name
        with pytest.raises(OSError, match="cannot identify"):
            Image.open(io.BytesIO(blob))
