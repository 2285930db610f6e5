# SPDX-License-Identifier: Apache-2.0
"""Bad uploads get one plain sentence, and the page goes on working."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser import walk
from browser.servers import Server
from browser.uploads import BAD, good_zip, utkface_names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One studio for all of them: none may spoil it for the next."""
    folder = tmp_path_factory.mktemp("studio")
    words = ("studio", "--home", folder / "home", "--no-browser")
    with Server(*words, log=folder / "studio.log", health="/_stcore/health") as running:
        yield running


@pytest.fixture(params=BAD)
def bad(
    request: pytest.FixtureRequest, faces_directory: Path, tmp_path: Path
) -> tuple[str, Path, str]:
    """What sort it is, the file, and words of the answer."""
    make, words = BAD[request.param]
    archive = tmp_path / f"{request.param}.zip"
    make(utkface_names(faces_directory), archive)
    return request.param, archive, words


def test_a_bad_upload_gets_one_sentence(
    server: Server, page: Page, shoot: walk.Shoot, bad: tuple[str, Path, str]
) -> None:
    kind, archive, words = bad
    walk.open_studio(page, server.url)
    walk.put_in(page, archive)
    walk.says(page, words)
    expect(walk.alerts(page)).to_have_count(1)
    sentence = walk.alerts(page).inner_text()
    assert "\n" not in sentence.strip().split("block")[-1].strip()
    assert "/home/" not in sentence  # what the person calls it, not where the studio keeps it
    shoot(page, f"data-bad-{kind}")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    expect(walk.alerts(page)).to_have_count(0)
    assert "Traceback" not in server.log.read_text()


def test_a_path_that_leads_nowhere_and_one_that_leads_to_pictures(
    server: Server, page: Page, faces_directory: Path
) -> None:
    walk.open_studio(page, server.url)
    page.get_by_role("tab", name="Already on this machine").click()
    box = page.get_by_role("textbox", name="Path of a ZIP or folder")
    box.fill("/there/is/nothing")
    page.get_by_role("button", name="Check", exact=True).click()
    walk.says(page, "There is nothing at /there/is/nothing")
    box.fill(str(faces_directory))
    page.get_by_role("button", name="Check", exact=True).click()
    walk.says(page, "Nothing was refused and nothing is odd.")
    walk.says(page, "154")


def test_the_studio_still_takes_a_good_one(
    server: Server, page: Page, faces_directory: Path, tmp_path: Path
) -> None:
    walk.open_studio(page, server.url)
    walk.put_in(page, good_zip(faces_directory, tmp_path / "good.zip"))
    walk.says(page, "These pictures can be trained on.")
