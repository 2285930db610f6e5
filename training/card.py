# SPDX-License-Identifier: Apache-2.0
"""CARD.md: what a bundle is, on what it was trained, how well it does and for what it is not."""

from device.bundle.manifest import ClassifierDecision, Data, EvaluatedSet, Evidence, Figure
from training.calibrate import OFFSET_RULE, THRESHOLD_RULE

LIMITS = """\
## What it is not
- It estimates *perceived* gender: how people who labelled pictures would have called a face, as one
  of two words. It says nothing about anybody's gender identity or sex, and it has no third word;
  "unsure" means that the model does not know, not that a person is neither.
- It must not be used to identify, profile, admit, refuse or treat anybody differently, nor to
  decide anything about a single person. It is for counts over many visits, with "unsure" kept in
  every total.
- It is unreliable for children; figures under ten years stand apart below.
- It was trained on web photographs. Unusual light, profiles, masks, hats and small or blurred faces
  make it worse; accuracy differs between groups, as the table shows.
- The training labels themselves are a few per cent noisy.
"""


def card(
    name: str,
    *,
    evidence: Evidence,
    data: Data,
    decision: ClassifierDecision,
    method: str,
) -> str:
    """The card's text in Markdown.

    Args:
        name: the bundle's name and version.
        evidence, data, decision: as they stand in the manifest.
        method: how it was trained, a paragraph.
    """
    parts = [f"# {name}\n", _summary(evidence), LIMITS, f"## Method\n{method}\n", _data(data)]
    parts.append(
        f"## Decision\nOffset {decision.offset} (logits), temperature {decision.temperature}; "
        f"unsure below a confidence of {decision.min_confidence}; faces under "
        f"{decision.min_face_pixels} px wide are not judged. The first three were "
        "fitted on held-out training pictures: the offset "
        f"is {OFFSET_RULE} there, the threshold {THRESHOLD_RULE}.\n"
    )
    parts += [_groups(evaluated) for evaluated in evidence.tests]
    return "\n".join(parts)


def percent(value: Figure) -> str:
    """A share in per cent with its interval."""
    return f"{value.value:.1%} ({value.low:.1%} to {value.high:.1%}, n {value.n})"


def _summary(evidence: Evidence) -> str:
    lines = ["Estimates perceived gender from an aligned face crop, in int8.\n"]
    for one in evidence.tests:
        lines.append(f"- **{one.name}** ({one.method}): accuracy {percent(one.accuracy)}")
        if one.coverage is not None and one.accuracy_answered is not None:
            lines.append(
                f"  - answers {percent(one.coverage)} of the pictures and is then right in "
                f"{percent(one.accuracy_answered)}; calibration error {one.ece}"
            )
    if (q := evidence.quantisation) is not None:
        lines.append(
            f"- int8 against float on {q.n} held-out crops: accuracy {q.int8_accuracy:.2%} against "
            f"{q.float_accuracy:.2%}, the same label in {q.same_label:.2%}"
        )
    return "\n".join(lines) + "\n"


def _data(data: Data) -> str:
    counts = ", ".join(f"{group}: {n}" for group, n in data.counts.items())
    gaps = "".join(f"- {gap}\n" for gap in data.known_gaps)
    sources = "; ".join(data.sources)
    return f"## Data\n{sources}. Licence: {data.licence}. Trained on {counts}.\n\n{gaps}"


def _groups(evaluated: EvaluatedSet) -> str:
    rows = [
        f"| {group} | {v.n} | {v.value:.1%} | {v.low:.1%} - {v.high:.1%} |"
        for group, v in evaluated.groups.items()
    ]
    head = "| group | n | accuracy | 95 % interval |\n|---|---|---|---|"
    return f"## {evaluated.name}, by group\n{head}\n" + "\n".join(rows) + "\n"
