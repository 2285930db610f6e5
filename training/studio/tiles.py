# SPDX-License-Identifier: Apache-2.0
"""Figures in boxes beside each other, as many in a row as fit: two on a phone."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

import streamlit as st

STYLE: Final = """<style>
.pb-tiles { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.pb-tile { border: 1px solid #e2e8e6; border-radius: .4rem; padding: .6rem .8rem; min-width: 0; }
.pb-tile p { margin: 0; font-size: .82rem; }
.pb-tile strong { font-size: 1.55rem; font-weight: 600; line-height: 1.35; display: block; }
.pb-tile small { color: #52656b; font-size: .74rem; line-height: 1.25; display: block; }
</style>"""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with what it is above and what it rests on below."""

    title: str
    value: str
    small: str = ""


def tiles(shown: Iterable[Tile]) -> None:
    """Show figures side by side."""
    boxes = "".join(
        f'<div class="pb-tile"><p>{escape(one.title)}</p><strong>{escape(one.value)}</strong>'
        f"<small>{escape(one.small)}</small></div>"
        for one in shown
    )
    st.html(f'{STYLE}<div class="pb-tiles">{boxes}</div>')
