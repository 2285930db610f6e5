# SPDX-License-Identifier: Apache-2.0
"""What a training run was asked for, and how that is kept in its workdir."""

import dataclasses
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from device.errors import DatasetError, InputError
from training.models.settings import MobileNetV2Settings, ModelSettings, settings_kind


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """What to train and how long.

    Attributes:
        prepared: folder that `training prepare` wrote, with role "training".
        architecture: name of a file under training/models/.
        model: the architecture's own settings.
        frozen_epochs: epochs in which only the last layer learns.
        top_epochs: epochs after those in which the architecture's top stage learns too.
        epochs: epochs in which everything learns; none leaves the backbone frozen.
        batch: pictures in a batch.
        frozen_rate, top_rate, rate: peak learning rates of these phases; each falls as a half
            cosine.
        weight_decay: decoupled (AdamW, arXiv 1711.05101).
        label_smoothing: share of the target spread over both labels.
        start: workdir of a finished run of the same architecture, equally wide or wider, whose
            weights this one starts from; or None.
        thawed: identity of the bundle whose int8 weights this run holds (training/thaw.py), which
            never learnt here; or empty.
        teachers: workdirs of finished runs whose opinions are mixed into the targets.
        teacher_share: how much of a target is the teachers' opinion, 0 to 1.
        consistent: the teachers look at the very augmented crops that the student learns from,
            and not once at the plain ones, which they know by heart.
        folds: in how many folds the training crops are divided, of which this run leaves one out;
            with 1 it learns from all. As a teacher it is asked about that fold alone.
        fold: which one that is, from 0.
        emphasis: weight of a crop whose label the teachers' mean opinion contradicts; 1 is that of
            the others (just train twice, arXiv 2107.09044: what an earlier model gets wrong is
            where the groups are that it serves badly, whichever they are).
        even_tones: crops weigh so that each label is as frequent among dark faces as among light
            ones (see training/tones.py).
        gamma: how far crops are darkened or lightened by a random gamma, between 1 / e^gamma and
            e^gamma, so that a face's lightness cannot decide alone.
        mixup: alpha of the beta distribution by which each crop, and its target, is mixed with
            another of its batch (mixup, arXiv 1710.09412); 0 mixes none.
        hide: how often all but the middle of a face is hidden, 0 to 1, so that hair cannot decide
            alone.
        quantisation_aware: rehearse int8 while learning; goes on from `start`, a float run.
        seed: one seed reproduces order, augmentation and initial weights.
        precision: "float32", or "mixed_float16" or "mixed_bfloat16" for GPUs that are faster with
            them (CPUs are not, shared/FACTS.md); weights are kept and saved in float32 anyway.
        max_steps: stop each epoch after so many steps (for tests), or None.
        checkpoint_seconds: at most so much work is lost by a kill.
        first_epoch: number of the first epoch where `seed` draws order and augmentation; see
            `numbered`, which `train` asks.
    """

    prepared: Path
    architecture: str = "mobilenet_v2"
    model: ModelSettings = field(default_factory=MobileNetV2Settings)
    frozen_epochs: int = 1
    top_epochs: int = 0
    epochs: int = 12
    batch: int = 64
    frozen_rate: float = 2e-3
    top_rate: float = 1e-3
    rate: float = 6e-4
    weight_decay: float = 1e-2
    label_smoothing: float = 0.05
    start: Path | None = None
    thawed: str = ""
    teachers: tuple[Path, ...] = ()
    teacher_share: float = 0.7
    consistent: bool = False
    folds: int = 1
    fold: int = 0
    emphasis: float = 1.0
    even_tones: bool = False
    gamma: float = 0.0
    mixup: float = 0.0
    hide: float = 0.0
    quantisation_aware: bool = False
    seed: int = 1
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    max_steps: int | None = None
    checkpoint_seconds: float = 60.0
    first_epoch: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        kind = settings_kind(self.architecture)
        if not isinstance(self.model, kind):
            raise InputError(
                f"{self.architecture} was given {type(self.model).__name__}, expected "
                f"{kind.__name__}; see settings_for in training/models/settings.py"
            )
        if self.epochs_in_all() < 1:
            raise InputError("no epoch to train, expected at least one in one of the phases")
        if (self.emphasis != 1 or self.consistent) and not self.teachers:
            raise InputError(
                "neither an emphasis nor consistency is possible without teachers; give at least "
                "one --teacher WORKDIR"
            )
        if not 0 <= self.fold < self.folds:
            raise InputError(
                f"fold {self.fold} of {self.folds}, expected one of 0 to {self.folds - 1}; give "
                "--folds N and --fold K below it"
            )
        if self.emphasis != 1 and self.consistent:
            raise InputError(
                "an emphasis wants the teachers' opinions beforehand, and consistent teachers give "
                "theirs step by step; choose one of the two"
            )
        if self.quantisation_aware and (
            self.start is None or self.frozen_epochs or self.top_epochs
        ):
            raise InputError(
                "quantisation-aware training goes on from a finished float run, all layers at "
                "once; give --start WORKDIR, --frozen-epochs 0 and no --top-epochs"
            )
        if self.quantisation_aware and self.precision != "float32":
            raise InputError("quantisation-aware training needs --precision float32")

    def epochs_in_all(self) -> int:
        """The epochs of all phases."""
        return self.frozen_epochs + self.top_epochs + self.epochs

    def as_json(self) -> dict[str, Any]:
        """Plain values, paths as text."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return values


def read_config(workdir: Path) -> TrainConfig:
    """The config of a training run.

    Raises:
        DatasetError: there is no run in `workdir`.
    """
    try:
        given = msgspec.json.decode((workdir / "config.json").read_bytes(), type=dict[str, Any])
        architecture = str(given.pop("architecture"))
        kind = settings_kind(architecture)
        model = msgspec.convert(given.pop("model", {}), kind, dec_hook=_as_path)
        config = msgspec.convert(given, TrainConfig, dec_hook=_as_path)
        return dataclasses.replace(config, architecture=architecture, model=model)
    except (OSError, KeyError, msgspec.DecodeError, InputError) as error:
        raise DatasetError(
            f"{workdir}: no training run here ({error}); run `training train`"
        ) from error


def lineage(config: TrainConfig) -> tuple[TrainConfig, ...]:
    """The configs of the runs that led to one, each of which started from the one before.

    Raises:
        DatasetError: an earlier run is not there any more.
    """
    before = () if config.start is None else lineage(read_config(config.start))
    return (*before, config)


def numbered(config: TrainConfig) -> TrainConfig:
    """The config with its epochs numbered on from those of the runs that it comes from.

    Order and augmentation depend on the seed and the epoch's number alone. A run that began at 0
    again would be shown the very crops that the run it starts from, or a teacher, has seen in
    that epoch, and what is seen twice is learnt by heart (models/EXPERIMENTS.md, `lss`).

    Raises:
        DatasetError: one of those runs is not there.
    """
    sources = config.teachers if config.start is None else (config.start, *config.teachers)
    ends = [one.first_epoch + one.epochs_in_all() for one in map(read_config, sources)]
    return dataclasses.replace(config, first_epoch=max(ends, default=0))


def _as_path(kind: type, value: Any) -> Any:
    return kind(value)


def claim(workdir: Path, config: TrainConfig) -> None:
    """Write config.json, or refuse a workdir in which another config was trained."""
    path = workdir / "config.json"
    text = json.dumps(config.as_json(), indent=1)
    # Without events nothing was trained: a first call that ended in an error may be corrected.
    if path.exists() and (workdir / "events.jsonl").exists():
        # Not the text: a run of an earlier version lacks settings that have come since.
        if read_config(workdir) == config:
            return
        raise DatasetError(
            f"{workdir}: holds a run with another configuration; give another --workdir, or the "
            "settings in its config.json to go on"
        )
    path.write_text(text)
