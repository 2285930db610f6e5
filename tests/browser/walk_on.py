# SPDX-License-Identifier: Apache-2.0
"""The walk goes on: a trained run is exported, judged, asked about pictures and shipped."""

import contextlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from browser.walk import PATIENCE, Shoot, says, turn_to

# An export loads TensorFlow and converts a model, beside whatever else this machine does.
EXPORT_PATIENCE = 4 * PATIENCE
# Milliseconds; a picture is judged in less.
_PRESS_AGAIN = 20_000


def export(page: Page, shoot: Shoot) -> None:
    """Page Judge of a run that has no bundle: it offers to make one, and shows how far it is."""
    turn_to(page, "Judge")
    says(page, "This run has no bundle yet.")
    shoot(page, "judge-before-export")
    page.get_by_role("button", name="Export").click()
    says(page, "Exporting ")
    shoot(page, "judge-exporting")
    expect(page.get_by_text("When to say unsure")).to_be_visible(timeout=EXPORT_PATIENCE)


def judge(page: Page, shoot: Shoot) -> None:
    """Page Judge of an exported run, and its slider."""
    turn_to(page, "Judge")
    for words in (
        "that were held out: the model was not trained on them",
        "Labels against answers",
        "How well it tells apart",
        "Whether its confidence is honest",
        "By perceived gender",
        "int8 against float",
        "The worst mistakes",
    ):
        says(page, words)
    shoot(page, "judge")
    rest(page)
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    says(page, "100.0 %")
    slider.press("Home")
    expect(tile(page, "Answered")).to_contain_text("100.0%")
    expect(tile(page, "Unsure")).to_contain_text("0")


def tile(page: Page, title: str) -> Locator:
    """The box of a figure."""
    return page.locator(".pb-tile", has=page.get_by_text(title, exact=True))


def choose(page: Page, number: int) -> str:
    """Ask about one of the small pictures on page Predict; returns its name."""
    button = page.get_by_role("button", name="Predict").nth(number)
    rest(page)
    # On a busy machine Streamlit may draw a page that was just loaded a second time: the focus was
    # seen to fall to the body between being given and the key, which then reaches nothing.
    for _ in range(int(PATIENCE) // _PRESS_AGAIN):
        button.press("Enter")
        with contextlib.suppress(AssertionError):
            expect(button).to_be_disabled(timeout=_PRESS_AGAIN)
            break
    expect(button).to_be_disabled()
    rest(page)
    return page.locator("[data-testid=stCaptionContainer]", has_text=".jpg").first.inner_text()


def rest(page: Page) -> None:
    """Wait until everything is on the page."""
    idle = page.locator('.stApp[data-test-script-state="notRunning"]')
    expect(idle).to_be_visible(timeout=PATIENCE)


def predicted(page: Page) -> str:
    """What the page says of the chosen picture: female, male, unsure or no face found."""
    told = page.get_by_role("heading", name="Predicted: ")
    return told.inner_text().removeprefix("Predicted: ").removeprefix("perceived ").strip()


def labelled(page: Page) -> str:
    return page.get_by_text("Labelled: ").locator("strong").inner_text()


def predict(page: Page, *, labels: Mapping[str, str]) -> None:
    """Page Predict: three pictures against their true labels."""
    turn_to(page, "Predict")
    says(page, "Predicted: ")
    for number in (1, 2, 3):
        name = choose(page, number)
        assert labelled(page) == labels[name]
        told = page.get_by_text("Labelled: ").inner_text()
        answer = predicted(page)
        assert ("not as labelled" in told) == (answer not in (labels[name], "unsure"))
        assert ("no answer" in told) == (answer == "unsure")


def ship(page: Page, folder: Path) -> Path:
    """Page Ship: what is told, and the bundle, unpacked to `folder`."""
    turn_to(page, "Ship")
    for words in ("Gates", "passerby check is content", "/scripts/deploy pi@raspberrypi.local"):
        says(page, words)
    return download(page, folder)


def download(page: Page, folder: Path) -> Path:
    """Page Ship: take the bundle, unpacked to `folder`; returns it."""
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(io.BytesIO(taken.value.path().read_bytes())) as archive:
        archive.extractall(folder)
    (bundle,) = folder.iterdir()
    return bundle
