# SPDX-License-Identifier: Apache-2.0
"""Models side by side on the same pictures: accuracy, agreement, size, time."""

import functools
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.bundle.manifest import Figure
from device.detector import Detector
from device.errors import DatasetError, InputError
from device.imaging import CropRule, cut
from device.interpreter import Interpreter
from device.pictures import decode
from device.records import FEMALE, MALE, FaceCrop
from training import calibrate, metrics
from training.contenders import Contender
from training.datasets import Dataset
from training.datasets.linting import Progress
from training.datasets.selecting import select
from training.prepared import Prepared

# Turns are short and go round, so that a busy machine slows everybody alike.
TURNS: Final = 25
CROPS_A_TURN: Final = 8


@dataclass(frozen=True, slots=True)
class Pictures:
    """Found faces: names, whether labelled female (bool[n]), crops uint8[n, s, s, c] by rule.

    Crops have their rule's margin around them.
    """

    origin: str
    names: tuple[str, ...]
    women: NDArray[np.bool_]
    crops: Mapping[CropRule, NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of the comparison.

    Attributes:
        name: the contender's.
        accuracy: at its own even point, of found faces.
        agreement: how often it gives the first contender's label.
        bytes: of its file, or both files.
        milliseconds: of a first look; median over the turns, one crop at a time, one thread.
        times_first: the same as a multiple of the first contender's.
    """

    name: str
    accuracy: Figure
    agreement: Figure
    bytes: int
    milliseconds: float
    times_first: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table, and what each contender says of each picture: float64[contenders, n] of female."""

    standings: tuple[Standing, ...]
    female: NDArray[np.float64]


def of_split(prepared: Prepared, split: str, rules: Iterable[CropRule]) -> Pictures:
    """The crops that a run held out.

    Raises:
        DatasetError: the split is empty, or a contender cuts its crops otherwise.
    """
    rules, own = tuple(rules), prepared.about.rule
    if any(msgspec.structs.replace(rule, margin=0) != own for rule in rules):
        raise DatasetError(
            "these models cut their crops by different rules, so no split fits all: name labelled "
            "pictures with --data"
        )
    indices = prepared.indices(split)
    if not len(indices):
        raise DatasetError(f"{prepared.folder}: no crop in the {split} split, name another")
    rows = [prepared.rows[i] for i in indices]
    return Pictures(
        origin=f"{', '.join(prepared.about.datasets)}, {split} split",
        names=tuple(row.name for row in rows),
        women=np.array([row.perceived_gender == FEMALE for row in rows]),
        crops={rule: prepared.crops(rule.margin)[indices] for rule in rules},
    )


def of_dataset(
    dataset: Dataset, detector: Detector, rules: Iterable[CropRule], *, progress: Progress = iter
) -> Pictures:
    """The largest face of every picture that counts, cut by every rule; others are passed over.

    Raises:
        DatasetError: no face was found at all.
    """
    names, women = [], []
    crops: dict[CropRule, list[NDArray[np.uint8]]] = {rule: [] for rule in rules}
    for sample in progress(select(dataset).samples):
        try:
            pixels = decode(dataset.read(sample), name=sample.name)
        except InputError:  # no model can say anything about it
            continue
        for face in detector.find_in_still(pixels)[:1]:
            names.append(sample.name)
            women.append(sample.perceived_gender == FEMALE)
            for rule, cuts in crops.items():
                cuts.append(cut(pixels, face, rule).around)
    if not names:
        raise DatasetError(f"{dataset.name}: no face was found, expected labelled faces")
    return Pictures(
        origin=Path(dataset.name).name,
        names=tuple(names),
        women=np.array(women),
        crops={rule: np.stack(cuts) for rule, cuts in crops.items()},
    )


def compare(
    contenders: Sequence[Contender], pictures: Pictures, *, clock: Callable[[], float] | None = None
) -> Comparison:
    """Ask every contender about every picture, and time them in turns.

    Args:
        contenders: the first one is what the others are compared with.
        pictures: with crops for every contender's rule.
        clock: seconds, for tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        runners = [
            _Runner(one, pictures.crops[one.rule], Path(folder) / str(i))
            for i, one in enumerate(contenders)
        ]
        female = np.stack([runner.all() for runner in runners])
        spent = _timed(runners, clock or time.perf_counter)
    said = female >= 0.5
    n = len(pictures.names)
    return Comparison(
        standings=tuple(
            Standing(
                name=one.name,
                accuracy=metrics.figure(int((said[i] == pictures.women).sum()), n),
                agreement=metrics.figure(int((said[i] == said[0]).sum()), n),
                bytes=sum(len(model) for model in one.models),
                milliseconds=round(1000 * spent[i], 4),
                times_first=round(spent[i] / spent[0], 4),
            )
            for i, one in enumerate(contenders)
        ),
        female=female,
    )


class _Runner:
    """A contender in the device's runtime, with its crops."""

    def __init__(self, contender: Contender, crops: NDArray[np.uint8], folder: Path) -> None:
        folder.mkdir()
        self._interpreters = []
        for number, model in enumerate(contender.models):
            path = folder / f"{number}.tflite"
            path.write_bytes(model)
            self._interpreters.append(Interpreter(path))
        self._order = [contender.labels.index(label) for label in (FEMALE, MALE)]
        self._offset, self._second_look = contender.offset, contender.second_look
        self._crops, self._margin = crops, contender.rule.margin

    def invoke(self, i: int) -> NDArray[Any]:
        """The outputs of one look at crop `i`, int8[2] or float32[2], female first."""
        crop = FaceCrop(self._crops[i % len(self._crops)], self._margin)
        return self._outputs(self._interpreters[0], crop.pixels)

    def _outputs(self, interpreter: Interpreter, crop: NDArray[np.uint8]) -> NDArray[Any]:
        values = _values(interpreter, np.ascontiguousarray(crop[None]))
        outputs: NDArray[Any] = interpreter.run(values)[0][0][self._order]
        return outputs

    def all(self) -> NDArray[np.float64]:
        """Probability of "female" of every crop, at the contender's own even point, float64[n]."""
        looks = [functools.partial(self._once, one) for one in self._interpreters]
        logits = calibrate.looked_twice(looks, self._crops, self._second_look, margin=self._margin)
        return np.asarray(1 / (1 + np.exp(self._offset - logits)))

    def _once(self, interpreter: Interpreter, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The logit of "female" of one look at each crop, float64[n]."""
        outputs: Any = np.stack([self._outputs(interpreter, crop) for crop in crops])
        if outputs.dtype == np.int8:
            return calibrate.logits(outputs, *interpreter.output_details[0]["quantization"])
        return calibrate.float_logits(outputs)


def _values(interpreter: Interpreter, pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """Pixels as the model takes them."""
    if interpreter.input_dtype == np.int8:
        return (pixels ^ np.uint8(0x80)).view(np.int8)
    from training.data import as_float  # noqa: PLC0415  a run's: TensorFlow is loaded already

    return as_float(pixels)


def _timed(runners: Sequence[_Runner], clock: Callable[[], float]) -> list[float]:
    """Seconds for one crop, the median over the turns of each runner."""
    spent: list[list[float]] = [[] for _ in runners]
    for turn in range(TURNS):
        for i, runner in enumerate(runners):
            begin = clock()
            for k in range(CROPS_A_TURN):
                runner.invoke(turn * CROPS_A_TURN + k)
            spent[i].append((clock() - begin) / CROPS_A_TURN)
    return [float(np.median(times)) for times in spent]
