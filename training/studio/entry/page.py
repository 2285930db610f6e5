# SPDX-License-Identifier: Apache-2.0
"""What Streamlit runs for every visit and every click: the chosen page, and its errors as words."""

import argparse
import functools
import importlib
import importlib.util
import logging
from pathlib import Path

import streamlit as st
from PIL import Image, ImageDraw

from device.errors import PasserbyError
from training.studio import markup
from training.studio.home import Home

log = logging.getLogger(__name__)

# Module under training/studio/pages/, title, icon.
PAGES = (
    ("data", "Data", ":material/upload_file:"),
    ("look", "Look", ":material/grid_view:"),
    ("train", "Train", ":material/model_training:"),
    ("judge", "Judge", ":material/analytics:"),
    ("predict", "Predict", ":material/face:"),
    ("ship", "Ship", ":material/inventory_2:"),
)


def show(name: str, title: str, home: Home) -> None:
    """Show one page; whatever goes wrong on it becomes one sentence."""
    st.title(title)
    markup.style()
    try:
        importlib.import_module(f"training.studio.pages.{name}").show(home)
    except PasserbyError as error:
        st.error(str(error))
    except Exception as error:
        log.exception("page %s", name)
        st.error(
            f"Something unforeseen happened ({type(error).__name__}); the studio's log says more."
        )


def icon() -> Image.Image:
    """The tab's icon. A named one would be fetched from a server of fonts, far away."""
    image = Image.new("RGBA", (64, 64))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, 63, 63), 14, fill="#0f766e")
    draw.ellipse((22, 12, 42, 32), fill="#ffffff")
    draw.pieslice((12, 36, 52, 76), 180, 360, fill="#ffffff")
    return image


def main() -> None:
    """Choose a page and show it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    st.set_page_config(page_title="Passerby studio", page_icon=icon(), layout="wide")
    pages = [
        st.Page(
            functools.partial(show, name, title, home),
            title=title,
            icon=icon,
            url_path=name,
            default=name == "data",
        )
        for name, title, icon in PAGES
        if importlib.util.find_spec(f"training.studio.pages.{name}")
    ]
    with st.sidebar:
        st.caption("Perceived gender is what people saw in a picture, never a fact about a person.")
    st.navigation(pages).run()


if __name__ == "__main__":  # as which Streamlit runs it
    main()
