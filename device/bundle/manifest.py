# SPDX-License-Identifier: Apache-2.0
"""The schema of bundle.json, block by block; device/bundle/opening.py opens and verifies one.

File names carry no meaning; the manifest says everything. What the .tflite itself says (scale, zero
point) is not repeated here.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from device.imaging import CropRule

FORMAT: Final = 1
MANIFEST: Final = "bundle.json"
NAME: Final = "^[a-z0-9][a-z0-9._-]*$"
DETECTION: Final = "face-detection"
ATTRIBUTE: Final = "face-attribute"

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(gt=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Block(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the manifest; an unknown field is a fault, not a surprise."""


class ModelFile(Block, frozen=True):
    """The model's file, checked before the runtime sees a byte of it."""

    name: Annotated[str, Meta(pattern=r"^[^/\\]+$")]
    bytes: Positive
    sha256: Sha256


class Input(Block, frozen=True):
    """What goes in. Normalisation is in the graph: int8 means pixel - 128."""

    width: Positive
    height: Positive
    colour: Literal["rgb", "grey"]
    dtype: Literal["int8", "float32"]
    crop: CropRule | None = None


class Decoding(Block, frozen=True):
    """How a detector's outputs become boxes: SSD anchors over grids of these strides."""

    family: Literal["blazeface"]
    strides: Annotated[tuple[Positive, ...], Meta(min_length=1)]


class Output(Block, frozen=True):
    """Labels in the order of the model's last axis (classifiers), or the decoding (detectors)."""

    labels: tuple[str, ...] = ()
    decoding: Decoding | None = None


class Fitting(Block, frozen=True):
    """By which rules a decision was fitted on held-out pictures; training/calibrate.py has them.

    On the device nothing depends on it: it is there to be read, and to be told of years later.
    """

    max_lead: Share
    target_accuracy: Share
    min_coverage: Share


class ClassifierDecision(Block, frozen=True, tag="classifier", tag_field="kind"):
    """When to answer what: below `min_confidence` the result is unsure.

    The probability of "female" is sigmoid((logit - offset) / temperature); `offset` is in logits.
    A crop whose logit is nearer to 0 than `second_look` is looked at again, in the second view of
    device/imaging.py and by every model of the bundle, and the mean of all logits takes its place;
    0 is never.
    """

    temperature: Annotated[float, Meta(gt=0, le=20)]
    min_confidence: Annotated[float, Meta(ge=0.5, le=1)]
    min_face_pixels: Count
    offset: Annotated[float, Meta(ge=-5, le=5)] = 0.0
    second_look: Annotated[float, Meta(ge=0, le=10)] = 0.0
    fitting: Fitting | None = None


class DetectorDecision(Block, frozen=True, tag="detector", tag_field="kind"):
    """What counts as a face, and which boxes are the same one."""

    score_threshold: Annotated[float, Meta(gt=0, lt=1)]
    nms_iou: Annotated[float, Meta(gt=0, lt=1)]


class Figure(Block, frozen=True):
    """One measured share with its Wilson 95 % interval over n pictures."""

    n: Count
    value: Share
    low: Share
    high: Share


class EvaluatedSet(Block, frozen=True):
    """How the model did on one set of pictures that it had never seen."""

    name: str
    method: str
    accuracy: Figure
    groups: dict[str, Figure] = {}
    coverage: Figure | None = None
    accuracy_answered: Figure | None = None
    ece: Share | None = None


class Quantisation(Block, frozen=True):
    """int8 against float on the same crops."""

    n: Count
    float_accuracy: Share
    int8_accuracy: Share
    same_label: Share


class Evidence(Block, frozen=True):
    """Figures, or for models that are not ours where to find them."""

    tests: tuple[EvaluatedSet, ...]
    quantisation: Quantisation | None = None
    source: str = ""


class Data(Block, frozen=True):
    """What the model was trained on, and how (`method`, a paragraph)."""

    sources: Annotated[tuple[str, ...], Meta(min_length=1)]
    licence: str
    counts: dict[str, Count]
    known_gaps: tuple[str, ...]
    method: str = ""


class GoldenFace(Block, frozen=True):
    """A face that a detector must find in a golden picture: pixels of that picture."""

    box: tuple[float, float, float, float]
    score: Share


class GoldenCase(Block, frozen=True):
    """One picture in `golden/` and what the model must say of it.

    Classifiers have `outputs` and the `label` of the largest, so that swapped labels are noticed,
    and `second_outputs` where there is a second model; detectors have `faces`.
    """

    file: Annotated[str, Meta(pattern=r"^[^/\\]+$")]
    outputs: tuple[int, ...] = ()
    second_outputs: tuple[int, ...] = ()
    label: str = ""
    faces: tuple[GoldenFace, ...] = ()


class Tolerance(Block, frozen=True, omit_defaults=False):
    """How far outputs may stray from the golden ones; labels never may.

    `steps` are quantisation steps on another architecture with the runtime that made them,
    `probability` is for the other runtime, `pixels` and `score` are for detectors everywhere.
    """

    steps: Count = 2
    probability: Share = 0.1
    pixels: float = 1.0
    score: Share = 0.02


class Golden(Block, frozen=True, omit_defaults=False):
    """Recorded outputs, where and by what they were made, and how far others may differ."""

    architecture: str
    runtime: str
    cases: Annotated[tuple[GoldenCase, ...], Meta(min_length=16, max_length=32)]
    tolerance: Tolerance = Tolerance()


class Manifest(Block, frozen=True):
    """bundle.json as a whole; `second` is another model for second looks, if there is one."""

    format: int
    name: Annotated[str, Meta(pattern=NAME)]
    version: str
    task: Literal["face-detection", "face-attribute"]
    created: str
    producer: str
    git_commit: str
    file: ModelFile
    input: Input
    output: Output
    decision: ClassifierDecision | DetectorDecision
    evidence: Evidence
    data: Data
    golden: Golden
    second: ModelFile | None = None

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """The model's file, and that of the second model where there is one."""
        return (self.file,) if self.second is None else (self.file, self.second)

    @property
    def model_bytes(self) -> int:
        """Bytes of all model files together."""
        return sum(file.bytes for file in self.files)
