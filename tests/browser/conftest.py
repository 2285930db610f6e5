# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the browser tests: a real Chromium, screenshots, page servers."""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from browser.servers import PATIENCE_SECONDS, Server
from training.studio.home import Home

sync_api = pytest.importorskip("playwright.sync_api")
from playwright.sync_api import Browser, Page, ViewportSize  # noqa: E402

LAPTOP: "ViewportSize" = {"width": 1366, "height": 768}
PHONE: "ViewportSize" = {"width": 390, "height": 844}

SETTLING_MS = 400
# By how much what scrolls (the document, Streamlit's main part) is wider and taller than it shows.
BEYOND = """() => {
    const parts = [document.scrollingElement, document.querySelector('[data-testid=stMain]')];
    const most = (of, shown) => Math.max(...parts.filter(Boolean).map(p => p[of] - p[shown]));
    return [most('scrollWidth', 'clientWidth'), most('scrollHeight', 'clientHeight')];
}"""

Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; pages may ask it for a camera, which is a made-up one."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty tab of a laptop's size."""
    context = chromium.new_context(viewport=LAPTOP)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: $PASSERBY_SHOTS, else beside the other things that the tests leave."""
    asked = os.environ.get("PASSERBY_SHOTS")
    folder = Path(asked) if asked else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def settle(page: Page) -> None:
    """Wait until Streamlit has run to its end, where there is one, and charts are drawn anew."""
    page.wait_for_timeout(SETTLING_MS)
    idle = '.stApp[data-test-script-state="notRunning"]'
    if page.locator(".stApp").count():
        with contextlib.suppress(sync_api.TimeoutError):  # a page that lives is hardly ever idle
            page.locator(idle).wait_for(timeout=10_000)


@pytest.fixture
def shoot(shots: Path) -> Shoot:
    """Takes the whole page at a laptop's and a phone's width; nothing may be wider than either."""

    def take(page: Page, name: str) -> None:
        for kind, size in (("phone", PHONE), ("laptop", LAPTOP)):
            page.set_viewport_size(size)
            settle(page)
            wider, taller = page.evaluate(BEYOND)
            assert wider <= 0, f"{name} overflows a {kind} by {wider} px"
            if taller > 0:  # so that the picture shows all of it
                page.set_viewport_size({**size, "height": min(size["height"] + taller, 6000)})
                settle(page)
            page.screenshot(path=shots / f"{name}-{kind}.png")
        page.set_viewport_size(LAPTOP)

    return take


@pytest.fixture
def studio(tmp_path: Path, models_directory: Path) -> Iterator[Server]:
    """The studio with an empty folder of its own, `studio.log`'s neighbour `home`."""
    words = ("studio", "--home", tmp_path / "home", "--no-browser")
    with Server(*words, log=tmp_path / "studio.log", health="/_stcore/health") as server:
        yield server
    for run in Home(tmp_path / "home").runs():  # which outlive the server, as they should
        if run.job.pid is not None:
            os.kill(run.job.pid, signal.SIGKILL)
