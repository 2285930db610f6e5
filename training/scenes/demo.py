# SPDX-License-Identifier: Apache-2.0
"""What `scripts/demo` shows: the real daemon watches a scene, and its counts stand by the truth.

The daemon is a process of its own with settings, store and journal under one folder; this module
only starts it, reads what it wrote, and compares.
"""

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from device.errors import PasserbyError
from device.records import FEMALE, MALE, UNSURE
from training.scenes.files import read_scene
from training.scenes.replayed import read_journal
from training.scenes.scoring import Outcome, SceneScore, score_scene
from training.scenes.sheet import contact_sheet
from training.scenes.watching import Seen

LABELS = (FEMALE, MALE, UNSURE)


def main(argv: Sequence[str] | None = None) -> int:
    """Play the scene, print the summary, write the picture; returns an exit status."""
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/demo")
    parser.add_argument("scene", type=Path, help="a scene file")
    parser.add_argument("output", type=Path, help="a folder for everything that the demo writes")
    args = parser.parse_args(argv)
    try:
        return show(args.scene, args.output)
    except PasserbyError as error:
        sys.stderr.write(f"scripts/demo: {error.code}: {error}\n")
        return error.exit_status


def show(scene: Path, output: Path) -> int:
    """The whole demonstration.

    Raises:
        PasserbyError: the scene or the daemon's journal cannot be read.
    """
    status = run_daemon(scene, output)
    if status:
        return status
    with (output / "journal.jsonl").open("rb") as journal:
        seen = read_journal(journal, read_scene(scene))
    picture = output / "annotated.png"
    contact_sheet(scene, seen).save(picture)
    sys.stdout.write(summary(seen, score_scene(seen)) + f"\n\nThe picture: {picture}\n")
    passerby = Path(sys.executable).with_name("passerby")
    sys.stdout.write(f"The report: {passerby} report --store {output / 'state' / 'visits.db'}\n")
    return 0


def run_daemon(scene: Path, output: Path) -> int:
    """Let `passerby run` play the scene once; returns its exit status."""
    state = output / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    settings = output / "passerby.toml"
    settings.write_text(
        "# Written by scripts/demo; `passerby config sample` explains every key.\n"
        'state_directory = "state"\nrun_directory = "state/run"\n',
        encoding="utf-8",
    )
    passerby = [sys.executable, "-m", "device", "--settings", str(settings)]
    play = ["run", "--camera", "replay", "--path", str(scene), "--once", "--fast", "--verbose"]
    with (output / "journal.jsonl").open("wb") as journal:
        return subprocess.run([*passerby, *play], stdout=journal, check=False).returncode


def summary(seen: Seen, score: SceneScore) -> str:
    """Each visit beside its truth, then the counts beside the true ones."""
    seconds = len(seen.scene.frames) / seen.scene.frames_per_second
    counted: Counter[str] = Counter(visit.perceived_gender for visit in seen.visits)
    in_time = sorted(score.outcomes, key=lambda outcome: outcome.truth.first_frame)
    truth: Counter[str] = Counter(outcome.label for outcome in score.outcomes)
    rows = [
        f"{'counted by Passerby':<24}" + _numbers([counted[label] for label in LABELS]),
        f"{'true, as labelled':<24}" + _numbers([truth[FEMALE], truth[MALE], None]),
    ]
    return "\n".join(
        [
            f"{len(seen.scene.frames)} frames, {seconds:.0f} seconds, "
            f"{len(score.outcomes)} people who pass clearly visible:",
            "",
            *(_visit_line(outcome, seen) for outcome in in_time),
            "",
            f"{'visits':<24}{'female':>8}{'male':>8}{'unsure':>8}{'all':>8}",
            *rows,
            "",
            *_remarks(score),
        ]
    )


def _numbers(numbers: Sequence[int | None]) -> str:
    whole = sum(number or 0 for number in numbers)
    cells = ["-" if number is None else str(number) for number in (*numbers, whole)]
    return "".join(f"{cell:>8}" for cell in cells)


def _visit_line(outcome: Outcome, seen: Seen) -> str:
    first = outcome.truth.first_frame / seen.scene.frames_per_second
    visit = outcome.counted
    if visit is None:
        verdict = "not counted"
    elif visit.perceived_gender == outcome.label:
        verdict = f"counted as {visit.perceived_gender} ({visit.confidence:.0%})"
    elif visit.perceived_gender == UNSURE:
        verdict = "counted as unsure"
    else:
        verdict = f"counted as {visit.perceived_gender} ({visit.confidence:.0%}), not as labelled"
    return f"  at {first:5.1f} s  labelled {outcome.label:<8}{verdict}"


def _remarks(score: SceneScore) -> list[str]:
    remarks = ["Perceived gender is a guess from looks, never a fact about a person."]
    doubles = sum(outcome.doubles for outcome in score.outcomes)
    beside = {
        "twice": doubles,
        "of people not clearly visible": score.extras,
        "of nobody": score.phantoms,
    }
    told = [f"{number} {words}" for words, number in beside.items() if number]
    if told:
        remarks.append(f"Also counted: {', '.join(told)}.")
    return remarks


if __name__ == "__main__":
    sys.exit(main())
