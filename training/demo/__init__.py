# SPDX-License-Identifier: Apache-2.0
"""The demo: one page that looks at a picture with the shipped bundles, without TensorFlow.

`seeing` looks, `wording` says what was seen, `examples` composes pictures, `uploads` reads and
deletes what is handed over, `page` is the Gradio page, `space` writes a Hugging Face Space.
"""
