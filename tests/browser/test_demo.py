# SPDX-License-Identifier: Apache-2.0
"""The demo as a Space: installed into a clean environment, its page tried in a real Chromium."""

import io
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect
from zeros import png_of_zeros

from browser.demos import DemoServer, Space, install_space
from browser.servers import PATIENCE_SECONDS, ROOT
from training.demo.examples import compose_examples

pytestmark = pytest.mark.slow

Shoot = Callable[[Page, str], None]
PATIENCE = PATIENCE_SECONDS * 1000
CEILING = 300 * 2**20


@pytest.fixture(scope="module")
def space(models_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Space:
    return install_space(tmp_path_factory.mktemp("demo"), models_directory)


@pytest.fixture(scope="module")
def demo(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    home = tmp_path_factory.mktemp("home")
    with DemoServer(space.python, "app.py", cwd=space.folder, home=home) as server:
        yield server


@pytest.fixture
def tab(demo: DemoServer, page: Page) -> Page:
    page.goto(demo.url)
    expect(page.locator("#result .waiting")).to_be_visible(timeout=PATIENCE)
    return page


@pytest.fixture(scope="module")
def group(faces_directory: Path) -> bytes:
    """Six people, and no bytes that any example has."""
    image = Image.open(io.BytesIO(compose_examples(faces_directory)[0].jpeg))
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def upload(page: Page, data: bytes, name: str = "picture.jpg", kind: str = "image/jpeg") -> None:
    page.set_input_files(
        "#picture input[type=file]", {"name": name, "mimeType": kind, "buffer": data}
    )


def says(page: Page, words: str) -> None:
    expect(page.locator("#result")).to_contain_text(words, timeout=PATIENCE)


def pictured(size: tuple[int, int], kind: str, mode: str = "L", **options: object) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size).save(target, kind, **options)
    return target.getvalue()


def test_the_clean_environment_holds_no_tensorflow(space: Space) -> None:
    code = "import training.demo.page, sys; print('tensorflow' in sys.modules); import tensorflow"
    done = subprocess.run(
        [space.python, "-c", code], cwd=space.folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "False"
    assert "No module named 'tensorflow'" in done.stderr


def test_it_reads_a_group_picture(tab: Page, group: bytes, shoot: Shoot) -> None:
    shoot(tab, "demo-start")
    upload(tab, group, "group.png", "image/png")
    says(tab, "6 faces:")
    assert tab.locator("#result tbody tr").count() == 6
    expect(tab.locator("#result")).to_contain_text("unsure")
    expect(tab.locator("#result")).to_contain_text("find faces")
    assert tab.evaluate("document.querySelector('#result img').naturalWidth") == 720
    shoot(tab, "demo-group")


def test_examples_work_with_both_models(tab: Page, shoot: Shoot) -> None:
    tab.get_by_role("button", name="Twelve people").click()
    says(tab, "12 faces:")
    says(tab, "by default ")
    shoot(tab, "demo-twelve")
    tab.get_by_role("button", name="A close-up").click()
    says(tab, "1 face:")
    tab.get_by_label("tiny").check()
    expect(tab.locator("#card h1")).to_contain_text("tiny", timeout=PATIENCE)
    tab.get_by_role("button", name="Nobody").click()
    says(tab, "No face found")
    says(tab, "by tiny ")
    shoot(tab, "demo-nobody")
    tab.get_by_role("button", name="every group").click()
    expect(tab.locator("#groups table").first).to_be_visible()
    shoot(tab, "demo-card")


def test_the_webcam_works(tab: Page, shoot: Shoot) -> None:
    """The browser's made-up camera shows no face, and that is the answer."""
    tab.get_by_label("Capture from camera").click()
    shoot(tab, "demo-webcam-asking")
    tab.get_by_text("Click to Access Webcam").click()
    expect(tab.locator("#picture video")).to_be_visible(timeout=PATIENCE)
    shoot(tab, "demo-webcam")
    tab.get_by_label("capture photo").click()
    says(tab, "No face found")


def test_bad_uploads_get_a_sentence_and_the_page_goes_on(
    tab: Page, group: bytes, shoot: Shoot
) -> None:
    bad = {
        "not a picture that can be read": b"words " * 50,
        "truncated or damaged": group[: len(group) // 2],
        "JPEG, PNG, BMP or WebP needed": pictured((64, 64), "GIF"),
        "at most 4200000": pictured((2600, 2600), "PNG"),
        # A gigabyte of zeros.
        "claims far more than": png_of_zeros(32_000),
        "this file is empty": b"",
    }
    for words, data in bad.items():
        upload(tab, data)
        expect(tab.locator("#result")).to_contain_text(words, ignore_case=True, timeout=PATIENCE)
        assert "Traceback" not in tab.locator("body").inner_text()
    shoot(tab, "demo-bad")
    upload(tab, os.urandom(17 * 2**20))
    expect(tab.get_by_text("exceed the maximum allowed size")).to_be_visible(timeout=PATIENCE)
    shoot(tab, "demo-too-large")
    upload(tab, group)
    says(tab, "6 faces:")


def test_nothing_uploaded_is_kept(demo: DemoServer, tab: Page, group: bytes) -> None:
    """No file holds its bytes, its name or any picture, nor does the browser's own store."""
    before = {path: path.stat().st_mtime_ns for path in demo.files()}
    upload(tab, group, "secret-name.png", "image/png")
    says(tab, "6 faces:")
    for path in demo.files():
        if before.get(path) == path.stat().st_mtime_ns:
            continue
        held = path.read_bytes()
        assert group[100:200] not in held, f"{path} holds the upload"
        assert b"secret-name" not in held, f"{path} tells of the upload"
        assert not is_picture(held), f"{path} is a picture"
    assert not [path for folder in demo.waiting() for path in folder.rglob("*") if path.is_file()]
    assert "secret-name" not in str([*demo.home.rglob("*"), *demo.waiting()])
    assert len(demo.waiting()) == 1
    stored = tab.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    assert stored == []


def is_picture(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)):
            return True
    except OSError:
        return False


def test_the_page_asks_nobody_else(demo: DemoServer, chromium: Browser) -> None:
    """No fonts, scripts or counters from elsewhere: it works without a network."""
    context = chromium.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(url_of(request)))
    page = context.new_page()
    page.goto(demo.url)
    page.get_by_role("button", name="Six people").click()
    says(page, "6 faces:")
    context.close()
    assert asked
    assert not [url for url in asked if not url.startswith((demo.url, "data:", "blob:"))]


def url_of(request: Request) -> str:
    return request.url


def test_it_stays_small(demo: DemoServer, tab: Page, group: bytes) -> None:
    """After all that came before, and the largest pictures that it takes."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for data, words in (
        (pictured((4730, 3550), "JPEG", "RGB", exif=turned, progressive=True), "No face found"),
        (group, "6 faces:"),
        (pictured((2048, 2048), "PNG", "RGBA"), "No face found"),
        (group, "6 faces:"),
    ):
        upload(tab, data)
        says(tab, words)
    assert demo.peak_bytes() < CEILING


def test_the_command_serves_and_leaves_nothing_behind(space: Space, tmp_path: Path) -> None:
    """From the checkout, with the clean environment's Python; it listens on 127.0.0.1 alone."""
    command = (space.python, "-m", "training", "demo", "--models", space.folder / "models")
    with DemoServer(*command, cwd=ROOT, home=tmp_path / "home") as server:
        (waiting,) = server.waiting()
        process = server.process
        assert process is not None
        doors = psutil.Process(process.pid).net_connections()
        listening = {door.laddr for door in doors if door.status == psutil.CONN_LISTEN}
        assert listening == {("127.0.0.1", server.port)}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert not waiting.exists()
