# SPDX-License-Identifier: Apache-2.0
"""CARD.md: what a bundle is, on what it was trained, how well it does and for what it is not.

The headings follow Mitchell et al., "Model Cards for Model Reporting", arXiv 1810.03993.
"""

from collections.abc import Sequence
from typing import Final

from device.bundle.manifest import (
    ClassifierDecision,
    Data,
    EvaluatedSet,
    Evidence,
    Figure,
    Quantisation,
)
from training.calibrate import offset_rule, threshold_rule

LIMITS: Final = """\
## Limits
- It estimates *perceived* gender: how people who labelled pictures would have called a face, as one
  of two words. It says nothing about anybody's gender identity or sex, and it has no third word;
  "unsure" means that the model does not know, not that a person is neither.
- It was trained on web photographs. Unusual light, profiles, masks, hats and small or blurred faces
  make it worse; accuracy differs between groups, as the tables show.
- The labels themselves, in training and in tests, are a few per cent noisy.

## What it must not be used for
- To identify, profile, admit, refuse, rank, price or treat anybody differently.
- To decide or record anything about a single person. It is for counts over many visits, with
  "unsure" kept in every total.
- To find out anybody's gender identity, sex, orientation, age or race.
- On or for children: see below.
"""

CHILDREN: Final = """\
## Children apart
Young children's faces hardly tell perceived gender, to people as to models, and their labels are
the noisiest. Nothing here is meant for them; the figures stand apart so that they hide in no mean.
"""

YOUNG: Final = ("ages under 10", "age 0-2", "age 3-9")


def card(
    name: str,
    *,
    evidence: Evidence,
    data: Data,
    decision: ClassifierDecision,
    model_bytes: Sequence[int],
    margin: int = 0,
) -> str:
    """The card's text in Markdown.

    Args:
        name: the bundle's name and version.
        evidence, data, decision: as they stand in the manifest.
        model_bytes: size of the model's file, and of the second one's where there is one.
        margin: pixels around a crop that its second view takes in.
    """
    size = " and ".join(f"{size / 1e6:.2f} MB" for size in model_bytes)
    parts = [
        f"# {name}\n",
        f"Estimates perceived gender from an aligned face crop, in int8, {size}.\n",
        _summary(evidence),
        LIMITS,
        _children(evidence),
        f"## Method\n{data.method or 'Not recorded in this bundle; see the card inside it.'}\n",
        _data(data),
        _decision(decision, by_both=len(model_bytes) > 1, margin=margin),
    ]
    return "\n".join([*parts, *(_groups(evaluated) for evaluated in evidence.tests)])


def percent(value: Figure) -> str:
    """A share in per cent with its interval."""
    return f"{value.value:.1%} ({value.low:.1%} to {value.high:.1%}, n {value.n})"


def _summary(evidence: Evidence) -> str:
    lines = ["## Figures"]
    for one in evidence.tests:
        lines.append(f"- **{one.name}** ({one.method}): accuracy {percent(one.accuracy)}")
        women, men = one.groups.get("gender female"), one.groups.get("gender male")
        if women is not None and men is not None:
            lines.append(f"  - women {percent(women)}, men {percent(men)}")
        if one.coverage is not None and one.accuracy_answered is not None:
            lines.append(
                f"  - answers {percent(one.coverage)} of the pictures and is then right in "
                f"{percent(one.accuracy_answered)}; calibration error {one.ece}"
            )
    if evidence.quantisation is not None:
        lines.append(_quantisation(evidence.quantisation))
    return "\n".join(lines) + "\n"


def _quantisation(found: Quantisation) -> str:
    return (
        f"- int8 against float on {found.n} held-out crops: accuracy {found.int8_accuracy:.2%} "
        f"against {found.float_accuracy:.2%}, the same label in {found.same_label:.2%}"
    )


def _children(evidence: Evidence) -> str:
    lines = [
        f"- {one.name}: " + "; ".join(f"{g} {percent(one.groups[g])}" for g in YOUNG if g in groups)
        for one in evidence.tests
        if (groups := set(one.groups)) & set(YOUNG)
    ]
    return CHILDREN + "\n".join(lines or ["- No test set here has children in it."]) + "\n"


def _data(data: Data) -> str:
    counts = ", ".join(f"{group}: {n}" for group, n in data.counts.items())
    gaps = "".join(f"- {gap}\n" for gap in data.known_gaps)
    sources = "; ".join(data.sources)
    return (
        f"## Data and licence\n{sources}. Licence: {data.licence}. Trained on {counts}. Which "
        "picture was trained on and which held out is in the bundle's `report/split.csv.gz`, where "
        f"it was recorded.\n\n{gaps}"
    )


def _decision(decision: ClassifierDecision, *, by_both: bool, margin: int) -> str:
    again = (
        f" A crop whose logit is nearer to 0 than {decision.second_look:g} is looked at again"
        f"{', by both models' if by_both else ''}, mirrored and brought halfway to a middle "
        f"lightness{f', with up to {margin} px more of the hair' if margin else ''}, and the mean "
        f"of {'all' if by_both else 'both'} logits counts."
        if decision.second_look
        else ""
    )
    fitting = decision.fitting
    rules = (
        f"in this order: the offset is {offset_rule(fitting)} there, the temperature makes "
        f"confidence honest, the threshold is {threshold_rule(fitting)}"
        if fitting
        else "by rules that the bundle does not tell of"
    )
    sign = "-" if decision.offset >= 0 else "+"
    return (
        "## Decision\n"
        f"The probability of female is sigmoid((logit {sign} {abs(decision.offset)}) / "
        f"{decision.temperature}); unsure below a confidence of {decision.min_confidence}; faces "
        f"under {decision.min_face_pixels} px wide are not judged. The first three numbers were "
        f"fitted on held-out training pictures, {rules}.{again}\n"
    )


def _groups(evaluated: EvaluatedSet) -> str:
    rows = [
        f"| {group} | {v.n} | {v.value:.1%} | {v.low:.1%} - {v.high:.1%} |"
        for group, v in evaluated.groups.items()
    ]
    head = "| group | n | accuracy | 95 % interval |\n|---|---|---|---|"
    return f"## {evaluated.name}, by group\n{head}\n" + "\n".join(rows) + "\n"
