# SPDX-License-Identifier: Apache-2.0
"""The most confident mistakes as one page with the crops in it, for local eyes only.

The page shows faces of people who never agreed to be shown as a machine's errors: it is written by
`training evaluate --out` where asked, and never into a bundle.
"""

import base64
import html
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PIL import Image

from device.classifier import Classifier
from device.detector import Detector
from device.pictures import decode
from training.datasets import Dataset
from training.evaluate import Measured
from training.metrics import Outcome

MOST: Final = 60

_HEAD: Final = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Most confident mistakes</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; max-width: 70em }
.warning { border-left: 4px solid #D55E00; padding-left: 1em }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(12em, 1fr)); gap: 1.5em }
figure { margin: 0 } img { width: 100%; image-rendering: auto; border-radius: 4px }
figcaption small { color: #555; overflow-wrap: anywhere }
</style>
"""


def worst(outcomes: Iterable[Outcome], most: int = MOST) -> list[Outcome]:
    """The wrong answers about found faces, most confident first, then by name."""
    wrong = [one for one in outcomes if one.female is not None and not one.right]
    return sorted(wrong, key=lambda one: (-one.confidence, one.name))[:most]


def write_mistakes(
    path: Path,
    measured: Measured,
    *,
    dataset: Dataset,
    detector: Detector,
    classifier: Classifier,
) -> None:
    """Write the page, self-contained; crops are those that the classifier saw.

    Args:
        path: an .html file.
        measured, dataset: what was measured, and where its pictures are.
        detector, classifier: the bundles that were measured.
    """
    samples = {sample.name: sample for sample in dataset.samples}
    chosen = worst(measured.outcomes)
    wrong = sum(not one.right for one in measured.outcomes)
    missed = sum(one.female is None for one in measured.outcomes)
    parts = [
        _HEAD,
        f"<h1>Most confident mistakes on {html.escape(measured.figures.name)}</h1>\n",
        '<p class="warning">This page shows faces. It is for whoever judges the model; keep it '
        "local, publish it not. A label is how people perceived a picture, and some labels are "
        "wrong.</p>\n",
        f"<p>{html.escape(classifier.bundle.identity)}: {wrong} of {len(measured.outcomes)} "
        f"pictures wrong, {missed} of them because no face was found; "
        f"{len(chosen)} shown, most confident first.</p>\n<main>\n",
    ]
    for one in chosen:
        pixels = decode(dataset.read(samples[one.name]), name=one.name)
        face = detector.find_in_still(pixels)[0]
        parts.append(_figure(one, Image.fromarray(classifier.crop(pixels, face).pixels.squeeze())))
    path.write_text("".join([*parts, "</main>\n</html>\n"]), "utf-8")


def _figure(one: Outcome, crop: Image.Image) -> str:
    with io.BytesIO() as buffer:
        crop.save(buffer, "PNG")
        inline = base64.b64encode(buffer.getvalue()).decode()
    answered = "male" if one.truth == "female" else "female"
    age = f"aged {one.age_years}" if one.age_years is not None else one.age_band
    labels = ", ".join(word for word in (one.truth, one.race, age) if word)
    name = html.escape(one.name, quote=True)
    unsure = "" if one.sure else " (given as unsure)"
    return (
        f'<figure><img alt="{name}" src="data:image/png;base64,{inline}"><figcaption>'
        f"said <b>{answered}</b>, {one.confidence:.1%}{unsure}<br>labelled "
        f"{html.escape(labels)}<br><small>{name}</small></figcaption></figure>\n"
    )
