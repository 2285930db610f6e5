# SPDX-License-Identifier: Apache-2.0
"""The whole studio in a real browser, and what becomes of a run whose page server dies."""

from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from browser import walk, walk_on
from browser.servers import Server
from browser.uploads import good_zip
from training.prepared import Row, open_prepared
from training.studio.home import Home, StoredRun
from training.studio.shipping import passerby_check

pytestmark = [pytest.mark.training, pytest.mark.slow]


def test_from_a_zip_to_a_bundle_that_passes_the_check(
    studio: Server, page: Page, shoot: walk.Shoot, faces_directory: Path, tmp_path: Path
) -> None:
    archive = good_zip(faces_directory, tmp_path / "faces.zip")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    walk.open_studio(page, studio.url)
    walk.upload(page, archive, shoot)
    walk.look(page, shoot)
    walk.train(page, shoot)
    (run,) = Home(tmp_path / "home").runs()
    assert run.finished
    walk_on.export(page, shoot)
    walk_on.judge(page, shoot)
    walk_on.predict(page, labels={row.name: row.perceived_gender for row in rows_of(run)})
    bundle = walk_on.ship(page, tmp_path / "taken")
    assert passerby_check(bundle).passed
    assert {path.name for path in bundle.iterdir()} >= {"bundle.json", "CARD.md", "model.tflite"}
    assert psutil.Process(studio.pid).memory_info().rss < 500e6
    assert not loaded(studio.pid, "tensorflow")
    here = (studio.url, studio.url.replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(here)] == []


def test_a_run_outlives_the_page_server(
    studio: Server, page: Page, shoot: walk.Shoot, faces_directory: Path, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    walk.open_studio(page, studio.url)
    walk.put_in(page, good_zip(faces_directory, tmp_path / "faces.zip"))
    walk.says(page, "These pictures can be trained on.")
    walk.order_run(page, epochs=500)
    walk.says(page, "Epoch 2 of 500")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=walk.PATIENCE)
    shoot(page, "train-live")
    job = home.runs()[0].job
    child = job.pid
    assert child is not None

    studio.kill()
    step = last_step(home)
    assert psutil.Process(child).cmdline()[1:3] == ["-m", "training.studio.child"]
    studio.start()
    page.goto(f"{studio.url}/train")
    walk.says(page, "of 500")
    assert job.pid == child
    expect(page.get_by_role("button", name="Stop training")).to_be_visible()
    wait_beyond(page, home, step)

    page.get_by_role("button", name="Stop training").click()
    walk.says(page, "Stopped at step")
    shoot(page, "train-stopped")
    stopped_at = last_step(home)
    assert job.state == "stopped"
    page.get_by_role("button", name="Resume").click()
    wait_beyond(page, home, stopped_at)
    assert '"event": "start", "time"' in events(home)
    assert f'"step": {stopped_at}, "steps": 1000' in events(home).split('"event": "start"')[-1]

    pid = job.pid
    assert pid is not None
    psutil.Process(pid).kill()
    walk.says(page, "The run was interrupted")
    shoot(page, "train-interrupted")


def rows_of(run: StoredRun) -> tuple[Row, ...]:
    """The pictures that a run was trained on or that it held out."""
    config = run.config()
    assert config is not None
    return open_prepared(config.prepared).rows


def events(home: Home) -> str:
    return (home.runs()[0].folder / "events.jsonl").read_text()


def last_step(home: Home) -> int:
    return int(events(home).rsplit('"step": ', 1)[-1].split(",")[0])


def wait_beyond(page: Page, home: Home, step: int) -> None:
    """Until the run has gone on from there."""
    for _ in range(int(walk.PATIENCE / 250)):
        if last_step(home) > step:
            return
        page.wait_for_timeout(250)
    pytest.fail(f"the run still is at step {step}")


def loaded(pid: int, package: str) -> bool:
    """Whether a process has mapped a compiled module of this package."""
    return any(f"/{package}/" in mapped.path for mapped in psutil.Process(pid).memory_maps())
