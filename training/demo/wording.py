# SPDX-License-Identifier: Apache-2.0
"""What the demo says, as HTML. Pure: looks and sentences in, text out."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Final

from device.overlay.theme import PLAIN
from device.records import FEMALE, MALE, UNSURE, Sighting
from training.demo.examples import Example
from training.demo.seeing import Look

HEADING: Final = """\
<header>
<h1>Passerby: perceived gender, or unsure</h1>
<p>Give it a picture with faces. It finds them, guesses how people would call each one,
and says <b>unsure</b> when it does not know.</p>
<p class="kept"><b>Nothing that you upload is kept.</b> A picture is read once and deleted before it
is looked at; neither it nor the answer is stored, logged or sent on.</p>
</header>"""

WAITING: Final = """\
<div class="waiting"><p>The answer will stand here: the picture with a box around each face, how
sure each answer is, and how long it took.</p></div>"""

LIMITS: Final = """\
<p class="small">JPEG, PNG, BMP or WebP, up to 16 MB and 16 megapixels (4 if it is no JPEG). Faces
of less than a fifteenth of the picture's width are seldom found, profiles and covered faces
often not.</p>"""

CREDIT: Final = """\
Faces: <a href="https://github.com/joojs/fairface" rel="noreferrer">FairFace</a>, Kärkkäinen and
Joo, WACV 2021,
<a href="https://creativecommons.org/licenses/by/4.0/" rel="noreferrer">CC BY 4.0</a>;
scaled and put side by side."""

_STAGES: Final = {
    "read": "read the picture",
    "detect": "find faces",
    "crop": "cut them out",
    "classify": "classify",
    "track": "track",
    "draw": "draw",
}


def answer(look: Look) -> str:
    """A look: the annotated picture, every face with its answer, and the milliseconds."""
    picture = _data(look.jpeg)
    words = summary(look.faces)
    rows = "".join(map(_row, look.faces))
    table = (
        "<table><thead><tr><th>face</th><th>perceived gender</th><th>confidence</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        if rows
        else ""
    )
    return (
        f'<div class="answer"><img src="{picture}" alt="The picture with boxes: {escape(words)}">'
        f'<p class="summary">{escape(words)}</p>{table}{_notes(look) if rows else ""}'
        f"{_times(look)}"
        "</div>"
    )


def refusal(sentence: str) -> str:
    """Why a picture cannot be used, in one sentence."""
    words = sentence[:1].upper() + sentence[1:].rstrip(".")
    return f'<div class="refusal" role="alert"><p>{escape(words)}.</p></div>'


def summary(faces: Sequence[Sighting]) -> str:
    """How many faces, and how many of each answer; unsure is always among them."""
    if not faces:
        return "No face found"
    labels = [face.steady for face in faces]
    noun = "face" if len(faces) == 1 else "faces"
    return (
        f"{len(faces)} {noun}: {labels.count(FEMALE)} perceived female, "
        f"{labels.count(MALE)} perceived male, {labels.count(UNSURE)} unsure"
    )


def thumbnails(examples: Sequence[Example]) -> str:
    """The examples as buttons with pictures, and whose pictures they are."""
    if not examples:
        return ""
    buttons = "".join(
        f'<button type="button" data-example="{number}"><img src="{_data(one.jpeg)}" alt="">'
        f"<span>{escape(one.title)}</span></button>"
        for number, one in enumerate(examples)
    )
    return (
        f'<h2>Or try an example</h2><div class="thumbnails">{buttons}</div>'
        '<p class="small">Chosen so that every face is found. '
        f"{CREDIT}</p>"
    )


def _row(face: Sighting) -> str:
    label, share = face.steady, face.steady_confidence
    if face.perception is None:
        return (
            f"<tr><td>#{face.track}</td><td>{_swatch('unsure')}unsure</td>"
            "<td>too small to judge</td></tr>"
        )
    bar = (
        f'<span class="bar"><span style="width:{share:.0%};background:{PLAIN.colour(label)}">'
        f"</span></span>{share:.0%}"
    )
    return f"<tr><td>#{face.track}</td><td>{_swatch(label)}{label}</td><td>{bar}</td></tr>"


def _swatch(label: str) -> str:
    return f'<span class="swatch {label}"></span>'


def _notes(look: Look) -> str:
    """What an answer is, and when there is none."""
    return (
        f'<p class="small">Under {look.min_confidence:.0%} the answer is unsure. Perceived gender '
        "is a guess at how people who see a face would call it, in one of two words; it says "
        "nothing about anybody's gender identity or sex. Decide nothing about a person by it.</p>"
    )


def split_card(card: str) -> tuple[str, str]:
    """A model card in two: what everybody should read; then method, data and long tables."""
    before, mark, after = card.partition("\n## Method\n")
    return before, (mark + after).strip()


def _times(look: Look) -> str:
    """Milliseconds by stage, and their sum."""
    parts = "".join(
        f"<li><b>{milliseconds:.1f}</b> {_STAGES[stage]}</li>"
        for stage, milliseconds in look.milliseconds.items()
    )
    total = sum(look.milliseconds.values())
    return (
        f'<div class="times"><p>{total:.0f} milliseconds on this server, by {escape(look.model)}:'
        f"</p><ul>{parts}</ul></div>"
    )


def _data(jpeg: bytes) -> str:
    """A picture within the page: it needs no file from which the browser would fetch it."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
