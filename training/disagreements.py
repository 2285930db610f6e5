# SPDX-License-Identifier: Apache-2.0
"""What a comparison leaves behind: its table, and a grid of the pictures that divide the models.

The grid shows faces: it is for local eyes and belongs into no bundle.
"""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.compare import Comparison, Pictures
from training.contenders import Contender
from training.report.contents import write_table

TABLE: Final = "compare.csv"
GRID: Final = "disagreements.png"
MOST: Final = 24
COLUMNS: Final = 6
SIDE: Final = 160
LINE: Final = 15
LETTERS: Final = 19  # of a model's name beside its probability; its end tells most
MARGIN: Final = 10
COLUMNS_OF_TABLE: Final = (
    "model",
    "n",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "same_label_as_first",
    "bytes",
    "milliseconds",
    "times_first",
)


def worst(comparison: Comparison, most: int = MOST) -> list[int]:
    """Pictures by how far any model is from the first, those with different labels first."""
    female = comparison.female
    apart = np.abs(female - female[0]).max(axis=0)
    divided = ((female >= 0.5) != (female[0] >= 0.5)).any(axis=0)
    order = np.lexsort((-apart, ~divided))
    return [int(i) for i in order[:most] if apart[i] > 0]


def as_text(comparison: Comparison, pictures: Pictures) -> str:
    """The table in Markdown."""
    first = comparison.standings[0].name
    lines = [
        f"{len(pictures.names)} faces of {pictures.origin}; one thread, one crop at a time, all "
        "models in turns in one run.",
        "",
        f"| model | accuracy | same label as {first} | bytes | ms | times {first}'s |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.accuracy.value:.2%} ({one.accuracy.low:.1%} to "
        f"{one.accuracy.high:.1%}) | {one.agreement.value:.2%} | {one.bytes:,} | "
        f"{one.milliseconds:.2f} | {one.times_first:.2f} |"
        for one in comparison.standings
    ]
    return "\n".join(lines) + "\n"


def write_comparison(
    folder: Path, comparison: Comparison, pictures: Pictures, contenders: list[Contender]
) -> None:
    """Write the table as Markdown and CSV, and the grid.

    Args:
        folder: made if missing; files of the same names are replaced.
        comparison, pictures, contenders: what `compare` made, and of what.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.md").write_text(as_text(comparison, pictures), "utf-8")
    write_table(
        folder / TABLE,
        COLUMNS_OF_TABLE,
        (
            (
                one.name,
                one.accuracy.n,
                one.accuracy.value,
                one.accuracy.low,
                one.accuracy.high,
                one.agreement.value,
                one.bytes,
                one.milliseconds,
                one.times_first,
            )
            for one in comparison.standings
        ),
    )
    draw_grid(comparison, pictures, contenders).save(folder / GRID)


def draw_grid(
    comparison: Comparison, pictures: Pictures, contenders: list[Contender]
) -> Image.Image:
    """Crops of the first contender's rule with what each model says of them."""
    chosen = worst(comparison)
    height = SIDE + LINE * (len(contenders) + 1) + MARGIN
    rows = max(1, -(-len(chosen) // COLUMNS))
    sheet = Image.new(
        "RGB", (COLUMNS * (SIDE + MARGIN) + MARGIN, rows * height + 3 * LINE + MARGIN), "white"
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    title = (
        f"{pictures.origin}: the {len(chosen)} pictures furthest from {contenders[0].name}, "
        "with the probability of female"
    )
    draw.text((MARGIN, MARGIN), title if chosen else "no picture divides them", "black", font)
    for place, i in enumerate(chosen):
        x = MARGIN + place % COLUMNS * (SIDE + MARGIN)
        y = 3 * LINE + place // COLUMNS * height
        crop = pictures.crops[contenders[0].rule][i]
        sheet.paste(_enlarged(crop), (x, y))
        truth = "female" if pictures.women[i] else "male"
        draw.text((x, y + SIDE), f"labelled {truth}", "black", font)
        for k, one in enumerate(contenders):
            female = float(comparison.female[k, i])
            right = (female >= 0.5) == bool(pictures.women[i])
            line = f"{female:.2f} {one.name[-LETTERS:]}"
            colour = "#0072B2" if right else "#D55E00"
            draw.text((x, y + SIDE + LINE * (k + 1)), line, colour, font)
    return sheet


def _enlarged(crop: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(crop.squeeze()).convert("RGB")
    return image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
