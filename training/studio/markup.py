# SPDX-License-Identifier: Apache-2.0
"""HTML that Streamlit has no widget for: a grid of pictures that fits any width, plain tables.

Whatever comes from a dataset is escaped: names of files are other people's words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import streamlit as st

STYLE: Final = """<style>
/* Streamlit's own sign of work has a button "Stop", which stops no training. */
[data-testid=stStatusWidget] { display: none; }
.pb-grid { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr)); }
.pb-grid figure { margin: 0; min-width: 0; }
.pb-grid img, .pb-grid .pb-gone { width: 100%; aspect-ratio: 1; object-fit: cover;
  border-radius: .4rem; background: #e2e8e6; display: block; }
.pb-grid figcaption { font-size: .78rem; line-height: 1.25; margin-top: .25rem;
  overflow-wrap: anywhere; }
.pb-grid figcaption b { display: block; font-weight: 600; }
.pb-grid figcaption small { color: #52656b; font-size: .72rem; display: block; }
.pb-rows { border-collapse: collapse; width: 100%; font-size: .86rem; }
.pb-rows td, .pb-rows th { padding: .3rem .5rem; border-bottom: 1px solid #e2e8e6; text-align: left;
  vertical-align: top; }
.pb-rows td:first-child, .pb-rows td:last-child { overflow-wrap: anywhere; }
.pb-rows td:first-child { min-width: 6.5rem; }
.pb-rows th { font-weight: 600; color: #52656b; }
.pb-pair { border-bottom: 1px solid #e2e8e6; padding: .6rem 0; }
.pb-pair > p { margin: 0 0 .4rem 0; font-size: .86rem; font-weight: 600; }
</style>"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture (a data URI, or None where it cannot be read) with a caption and a smaller line."""

    uri: str | None
    caption: str
    small: str = ""
    title: str = ""


def style() -> None:
    """Put the style sheet on the page; once for each page."""
    st.html(STYLE)


def grid(figures: Iterable[Figure]) -> None:
    """Show pictures side by side, as many as fit."""
    st.html(f'<div class="pb-grid">{_figures(figures)}</div>')


def pairs(groups: Iterable[tuple[str, Sequence[Figure]]]) -> None:
    """Show groups of pictures that belong together, each under a heading."""
    st.html(
        "".join(
            f'<div class="pb-pair"><p>{escape(heading)}</p>'
            f'<div class="pb-grid">{_figures(figures)}</div></div>'
            for heading, figures in groups
        )
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show a plain table whose long words wrap."""
    top = "".join(f"<th>{escape(word)}</th>" for word in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    st.html(f'<table class="pb-rows"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>')


def _figures(figures: Iterable[Figure]) -> str:
    return "".join(map(_figure, figures))


def _figure(figure: Figure) -> str:
    caption, title = escape(figure.caption), escape(figure.title or figure.caption)
    picture = (
        f'<img src="{figure.uri}" alt="{title}" title="{title}">'
        if figure.uri
        else f'<div class="pb-gone" title="{title}"></div>'
    )
    small = f"<small>{escape(figure.small)}</small>" if figure.small else ""
    return f"<figure>{picture}<figcaption><b>{caption}</b>{small}</figcaption></figure>"
