# SPDX-License-Identifier: Apache-2.0
"""Estimates perceived gender from an aligned crop, with calibrated confidence or unsure."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.bundle.manifest import ClassifierDecision
from device.errors import BundleError
from device.imaging import CropRule, cut, second_view
from device.interpreter import Interpreter, RuntimeChoice
from device.records import FEMALE, MALE, UNSURE, Face, FaceCrop, Perception, Picture


class Network:
    """One model of a classifier's bundle."""

    def __init__(
        self, model: Path, bundle: Bundle, *, threads: int = 1, runtime: RuntimeChoice = "auto"
    ) -> None:
        """Load the .tflite file `model` of `bundle`.

        Raises:
            BundleError: its tensors do not fit the manifest.
        """
        self.interpreter = Interpreter(model, threads=threads, runtime=runtime)
        bundle.check_input(self.interpreter)
        labels = bundle.manifest.output.labels
        self._female, self._male = labels.index(FEMALE), labels.index(MALE)
        detail = self.interpreter.output_details[0]
        if int(detail["shape"][-1]) != len(labels):
            raise BundleError(
                f"{model}: {len(labels)} labels, but the model's last axis has "
                f"{int(detail['shape'][-1])}; export the bundle again"
            )
        self.output_scale, self.output_zero_point = detail["quantization"]

    def raw(self, crop: FaceCrop) -> NDArray[Any]:
        """The model's int8[2] outputs for one crop, before any calibration."""
        # The models' input quantisation is q = u - 128, which on bytes is flipping the top bit.
        values = (crop.pixels ^ np.uint8(0x80)).view(np.int8)[None]
        outputs: NDArray[Any] = self.interpreter.run(values)[0][0]
        return outputs

    def logit(self, raw: NDArray[Any]) -> float:
        """The logit of "female" of int8[2] outputs."""
        female, male = (self._probability(raw[i]) for i in (self._female, self._male))
        return logit(female, male, self.output_scale)

    def _probability(self, value: int) -> float:
        return float((int(value) - self.output_zero_point) * self.output_scale)


class Classifier:
    """A perceived-gender classifier, as its bundle describes it.

    Attributes:
        networks: the bundle's models. The first one looks at every crop, all of them look again
            where that leaves doubt.
        first: the first of them.
    """

    def __init__(
        self, bundle: Bundle, *, threads: int = 1, runtime: RuntimeChoice = "auto"
    ) -> None:
        """Load the bundle's model.

        Raises:
            BundleError: the bundle is not a classifier, or its tensors do not fit its manifest.
        """
        manifest = bundle.manifest
        if not isinstance(manifest.decision, ClassifierDecision) or manifest.input.crop is None:
            raise BundleError(f"{bundle.path}: a {manifest.task} bundle, expected a classifier")
        self.bundle = bundle
        self.rule: CropRule = manifest.input.crop
        self.decision = manifest.decision
        self.min_face_pixels = manifest.decision.min_face_pixels
        self.networks = tuple(
            Network(model, bundle, threads=threads, runtime=runtime) for model in bundle.models
        )
        self.first = self.networks[0]

    def crop(self, picture: Picture, face: Face) -> FaceCrop:
        """Cut `face` out of a frame by the bundle's own rule."""
        return cut(picture, face, self.rule)

    def perceive(self, crop: FaceCrop) -> Perception:
        """Probabilities after offset and temperature, and the label or unsure.

        Where the first look leaves doubt, every model looks at another view of the face.
        """
        score = self.first.logit(self.first.raw(crop))
        if abs(score) < self.decision.second_look:
            view = FaceCrop(second_view(crop))
            again = [network.logit(network.raw(view)) for network in self.networks]
            score = (score + sum(again)) / (1 + len(again))
        return self.judge(score)

    def judge(self, score: float) -> Perception:
        """Turn a logit of "female" into a perception."""
        decision = self.decision
        female = calibrated(score, temperature=decision.temperature, offset=decision.offset)
        confidence = max(female, 1 - female)
        label = FEMALE if female >= 0.5 else MALE
        sure = confidence >= decision.min_confidence
        return Perception(female, 1 - female, label if sure else UNSURE)


def logit(female: float, male: float, step: float) -> float:
    """The logit of "female", taken back from quantised softmax outputs.

    Half a quantisation `step` stands in for an output of zero, whose logarithm does not exist.
    """
    half = step / 2
    return math.log(max(female, half)) - math.log(max(male, half))


def calibrated(score: float, *, temperature: float, offset: float = 0.0) -> float:
    """Probability of "female" from its logit: sigmoid((score - offset) / T).

    The temperature T is that of Guo et al., "On Calibration of Modern Neural Networks", arXiv
    1706.04599; the offset evens out the two labels (see training/calibrate.py).
    """
    return 1 / (1 + math.exp(min(700.0, (offset - score) / temperature)))
