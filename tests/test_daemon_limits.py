# SPDX-License-Identifier: Apache-2.0
"""The real daemon under its own limits: memory, and the rate while nobody is there."""

import time
from pathlib import Path

from daemons import PATIENCE_SECONDS, NewHouse
from walkers import frames, jpeg, write_scene

from device.control.request import Request
from device.errors import MemoryCeilingError


def test_beyond_its_ceiling_it_ends_in_good_order(new_house: NewHouse, tmp_path: Path) -> None:
    # A crowd, so that a visit is under way when it happens; 64 MiB are less than it ever takes.
    crowd = write_scene(tmp_path / "c.zip", [jpeg(f) for f in frames(1, steps=8, gap=0)])
    house = new_house(
        daemon={"max_bytes": 2**26},
        store={"batch_seconds": 3600},
        camera={"path": str(crowd), "loop": True},
    )
    process = house.start("--fast")
    assert process.wait(PATIENCE_SECONDS) == MemoryCeilingError.exit_status
    assert "expected at most 64: it ends to be started anew" in house.log.read_text()
    assert sorted(house.stored()) == sorted(house.visits())


def test_it_idles_while_nobody_is_there_and_a_capture_wakes_it(
    new_house: NewHouse, tmp_path: Path
) -> None:
    empty = write_scene(tmp_path / "e.zip", [jpeg(f) for f in frames(1, steps=1, gap=8)[1:]])
    house = new_house(
        daemon={"idle_seconds": 0.5, "idle_frames_per_second": 2.5},
        camera={"path": str(empty), "loop": True},
    )
    process = house.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (told := house.status() if house.wait_frames(1) else {})["resources"]["rate"] != 2.5:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert told["resources"]["rate_reason"].startswith("nobody for")
    house.ask(Request("capture"))
    while "15 frames per second: full" not in house.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert house.stop(process) == 0
