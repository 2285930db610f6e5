# SPDX-License-Identifier: Apache-2.0
"""The steps of a walk through the studio, as a person takes them; each ends where it can be seen.

A step begins and ends at a laptop's width with the menu at the left open, and takes a picture of
every state that it passes.
"""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from browser.servers import PATIENCE_SECONDS

Shoot = Callable[[Page, str], None]
PATIENCE = PATIENCE_SECONDS * 1000


def open_studio(page: Page, url: str) -> None:
    page.goto(url)
    expect(heading(page, "Data")).to_be_visible(timeout=PATIENCE)


def turn_to(page: Page, title: str) -> None:
    """Another page, by the menu."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
    expect(heading(page, title)).to_be_visible(timeout=PATIENCE)


def heading(page: Page, title: str) -> Locator:
    return page.get_by_role("heading", name=title, exact=True)


def alerts(page: Page) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("alert")


def says(page: Page, words: str) -> None:
    """The page comes to say so, and shows nobody a traceback."""
    expect(page.get_by_text(words).first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Traceback")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def put_in(page: Page, archive: Path) -> None:
    """Drop a file on the uploader."""
    page.locator("input[type=file]").first.set_input_files(archive)


def upload(page: Page, archive: Path, shoot: Shoot) -> None:
    """Page Data: a good ZIP with a contradiction, a double, a bad name and one that climbs out."""
    shoot(page, "data-empty")
    put_in(page, archive)
    says(page, "These pictures can be trained on.")
    says(page, "Labelled pictures")
    for kind in ("Refused: 1", "Without a usable label: 1", "Contradictory labels: 1"):
        says(page, kind)
    page.get_by_text("Refused: 1").click()
    says(page, "its name climbs out of the folder")
    shoot(page, "data-checked")


def look(page: Page, shoot: Shoot) -> None:
    """Page Look: every view of the pictures."""
    turn_to(page, "Look")
    says(page, "157 pictures, 24 on a page")
    expect(page.locator(".pb-grid img")).to_have_count(24)
    shoot(page, "look-pictures")
    page.get_by_role("combobox", name="Perceived gender").click()
    page.get_by_role("option", name="female", exact=True).click()
    says(page, "79 pictures")
    expect(page.locator(".pb-grid b").first).to_have_text("female")
    view(page, "Numbers")
    says(page, "Pictures by perceived gender")
    says(page, "Pictures by labelled race")
    shoot(page, "look-numbers")
    view(page, "Doubles")
    says(page, "One picture, labelled female and male: never trained on")
    expect(page.locator(".pb-pair img")).to_have_count(2)
    shoot(page, "look-doubles")
    view(page, "Crops")
    says(page, "the model sees nothing else")
    shoot(page, "look-before-crops")
    page.get_by_role("button", name="Find the faces, 128 px in grey").click()
    says(page, "held out: chooses the best epoch")
    says(page, "left out: contradictory labels")
    shoot(page, "look-crops")
    view(page, "Not found")
    says(page, "no face was found")
    shoot(page, "look-not-found")


def view(page: Page, title: str) -> None:
    page.get_by_role("radio", name=title, exact=True).click()


def order_run(page: Page, *, epochs: int) -> None:
    """Page Train: start a run of `cnn`."""
    turn_to(page, "Train")
    form = page.locator("details", has_text="New run")
    expect(form).to_be_visible(timeout=PATIENCE)
    if form.get_attribute("open") is None:
        page.get_by_text("New run").click()
    box = page.get_by_role("spinbutton", name="Epochs")
    box.fill(str(epochs))
    box.press("Enter")
    page.get_by_role("button", name="Start training").click()


def train(page: Page, shoot: Shoot) -> None:
    """One small epoch, to the end."""
    turn_to(page, "Train")
    page.get_by_text("More settings").click()
    says(page, "Convolutions with max pooling")
    shoot(page, "train-form")
    order_run(page, epochs=1)
    says(page, "Loading TensorFlow")
    shoot(page, "train-loading")
    says(page, "Finished. Kept is epoch 1.")
    says(page, "Accuracy, held out")
    shoot(page, "train-finished")
