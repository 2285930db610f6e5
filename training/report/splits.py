# SPDX-License-Identifier: Apache-2.0
"""The split file: which picture was trained on, and which was held out.

Gzipped CSV with the columns name, sha256 (of the encoded picture, empty where it could not be
read), cluster (the same number for near-duplicates) and split; see `training.prepared.Row`. No
label is in it. The same split gives the same bytes.
"""

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

from training.prepared import Row


def write_splits(path: Path, rows: Sequence[Row]) -> None:
    """Write the split of every picture, in the order of the prepared folder."""
    with io.StringIO(newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("name", "sha256", "cluster", "split"))
        writer.writerows((row.name, row.sha256, row.cluster, row.split) for row in rows)
        # Without the time of day, which gzip would write into its header.
        path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
