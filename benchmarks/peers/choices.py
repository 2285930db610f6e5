# SPDX-License-Identifier: Apache-2.0
"""How each peer is served: what tune.py found best on held-out training pictures.

results/held_out.json has every figure. Nothing in here was chosen on the pictures of the final run.
"""

import os
from pathlib import Path
from typing import Final

from benchmarks.peers.entrants import Crop, Entrant, npm, ours, pypi
from benchmarks.peers.environment import HERE, Peers

RESULTS: Final = HERE / "results"
SCRATCH: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "passerby-peers"

PYPI_CROP: Final = Crop(1.5, level=False)
NPM_CROP: Final = Crop(1.2, level=False)
NPM_DETECTOR: Final = ("tiny", "224", "landmarks")


def entrants(peers: Peers, *, detector: Path, classifier: Path) -> list[Entrant]:
    """Who takes part in the comparison; our own bundles first."""
    return [
        ours(detector, classifier),
        pypi(peers, "whole"),
        pypi(peers, "crop", PYPI_CROP),
        npm(peers, *NPM_DETECTOR),
        npm(peers, "crop", crop=NPM_CROP),
    ]
