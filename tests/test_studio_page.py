# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong on a page becomes one sentence on it."""

import shutil
import time
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from training.studio.home import Home
from training.studio.pages import look
from training.studio.uploads import take_path

PATIENCE_SECONDS = 60.0


def draw_look(folder: str) -> None:
    """What Streamlit runs; its text is taken out of here, so that it has to import by itself."""
    from pathlib import Path  # noqa: PLC0415

    from training.studio.entry.page import show  # noqa: PLC0415
    from training.studio.home import Home  # noqa: PLC0415

    show("look", "Look", Home(Path(folder)))


def drawn(folder: Path) -> AppTest:
    page = AppTest.from_function(draw_look, kwargs={"folder": str(folder)})
    page.run(timeout=PATIENCE_SECONDS)
    assert not page.exception
    return page


def test_without_pictures_it_says_where_to_begin(tmp_path: Path) -> None:
    page = drawn(tmp_path)
    assert [title.value for title in page.title] == ["Look"]
    assert page.info[0].value == "No pictures yet: add some on the page Data."


def test_pictures_that_have_gone_are_told_in_a_sentence(
    tmp_path: Path, faces_directory: Path
) -> None:
    shutil.copytree(faces_directory, tmp_path / "faces")
    home = Home(tmp_path / "home")
    dataset = take_path(home, str(tmp_path / "faces"))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while dataset.check.alive():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not drawn(home.folder).error
    shutil.rmtree(tmp_path / "faces")
    (error,) = drawn(home.folder).error
    assert error.value == (
        f"{tmp_path}/faces cannot be read any more (No such file or directory); put it back, or "
        "remove it on the page Data"
    )


def test_what_nobody_foresaw_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(home: Home) -> None:
        raise RuntimeError("the shelf has fallen")

    page_module: ModuleType = look
    monkeypatch.setattr(page_module, "show", fail)
    (error,) = drawn(tmp_path).error
    assert error.value == (
        "Something unforeseen happened (RuntimeError); the studio's log says more."
    )
    assert "the shelf has fallen" in caplog.text
