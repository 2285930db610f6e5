# SPDX-License-Identifier: Apache-2.0
"""The Gradio page: the one door to gradio. `GRADIO_TEMP_DIR` must be set before it is imported."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from device.errors import InputError
from training.demo.examples import Example
from training.demo.seeing import Looker
from training.demo.uploads import Waiting
from training.demo.wording import (
    HEADING,
    LIMITS,
    WAITING,
    answer,
    refusal,
    split_card,
    thumbnails,
)

STYLE = Path(__file__).with_name("page.css")

_MAX_WAITING = 16
_ONE_AT_A_TIME: dict[str, Any] = {
    "concurrency_limit": 1,
    "concurrency_id": "look",
    "api_visibility": "private",
}
# Gradio's `trigger` hands the event on to Python.
_ON_CLICK = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-example]");
  if (button) trigger("click", {example: Number(button.dataset.example)});
});
"""
# On a phone the answer stands below; on a laptop it is in sight and nothing moves.
_SHOW = """
() => {
  const result = document.getElementById("result");
  if (result.getBoundingClientRect().top > window.innerHeight / 2) {
    result.scrollIntoView({behavior: "smooth", block: "start"});
  }
}
"""


def build(looker: Looker, *, waiting: Waiting, examples: Sequence[Example]) -> Any:
    """The page, ready to be launched; uploads come to `waiting`."""
    usual = looker.models[0]
    with gr.Blocks(title="Passerby demo", analytics_enabled=False) as page:
        gr.HTML(HEADING)
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=4, min_width=280):
                picture = _upload()
                model = gr.Radio(list(looker.models), value=usual, label="Model", elem_id="model")
                chosen = gr.HTML(thumbnails(examples), js_on_load=_ON_CLICK, elem_id="examples")
                gr.HTML(LIMITS)
            with gr.Column(scale=6, min_width=320):
                result = gr.HTML(WAITING, elem_id="result")
            with gr.Column(scale=5, min_width=300):
                essence, tables = split_card(looker.card(usual))
                card = gr.Markdown(essence, elem_id="card", container=True)
                with gr.Accordion("Method, data and licence, every group", open=False):
                    groups = gr.Markdown(tables, elem_id="groups")
        _look(looker, waiting, picture, model, result)
        _look_at_examples(looker, examples, chosen, model, result)
        model.change(
            lambda name: split_card(looker.card(name)),
            [model],
            [card, groups],
            api_visibility="private",
            show_progress="hidden",
        )
    page.queue(max_size=_MAX_WAITING, default_concurrency_limit=1)
    return page


def _upload() -> Any:
    return gr.Image(
        label="Picture",
        show_label=False,
        sources=["upload", "webcam", "clipboard"],
        height=230,
        placeholder="Drop a picture here\nor click to choose one",
        buttons=[],
        elem_id="picture",
    )


def _look(looker: Looker, waiting: Waiting, picture: Any, model: Any, result: Any) -> None:
    """What is uploaded is looked at, and the box is emptied: the picture's file is gone."""

    def look(file: dict[str, Any] | None, name: str) -> tuple[Any, Any]:
        if file is None:
            return None, gr.skip()
        path = file.get("path")
        return None, _said(looker, waiting.take(Path(path)) if path else b"", name)

    # Without Gradio's preprocessing, which would decode the picture without our limits.
    looked = picture.input(
        look, [picture, model], [picture, result], preprocess=False, **_ONE_AT_A_TIME
    )
    looked.then(None, js=_SHOW)


def _look_at_examples(
    looker: Looker, examples: Sequence[Example], chosen: Any, model: Any, result: Any
) -> None:
    def look(name: str, event: gr.EventData) -> str:
        number = int(event.example)
        if not 0 <= number < len(examples):
            return refusal(f"there is no example {number}: choose one of {len(examples)}")
        return _said(looker, examples[number].jpeg, name)

    clicked = chosen.click(look, [model], [result], **_ONE_AT_A_TIME)
    clicked.then(None, js=_SHOW)


def _said(looker: Looker, data: bytes, model: str) -> str:
    """The answer to one picture, or the sentence that says why there is none."""
    if model not in looker.models:  # Gradio has not checked what it did not preprocess
        return refusal(f"there is no model of this name: choose {' or '.join(looker.models)}")
    if not data:
        return refusal("this file is empty: choose a picture")
    try:
        return answer(looker.look(data, model=model))
    except InputError as error:
        return refusal(str(error))


def launch(page: Any, *, host: str | None, port: int | None, max_bytes: int) -> str:
    """Serve the page from threads of its own; returns its address.

    Without a host, GRADIO_SERVER_NAME (a Space sets it) or else 127.0.0.1; without a port, a free
    one from 7860 on.
    """
    theme = gr.themes.Default(
        primary_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    _, local, _ = page.launch(
        server_name=host,
        server_port=port,
        max_file_size=max_bytes,
        css=STYLE.read_text(encoding="utf-8"),
        theme=theme,
        quiet=True,
        share=False,
        run_history=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        mcp_server=False,
        footer_links=[],
        prevent_thread_lock=True,
    )
    return str(local)
