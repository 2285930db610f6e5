# SPDX-License-Identifier: Apache-2.0
"""Finds faces: BlazeFace, decoded in numpy.

Sources: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
arXiv 1907.05047; MediaPipe's SSD anchors, box decoding and weighted non-maximum suppression.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle
from device.bundle.manifest import Decoding, DetectorDecision
from device.errors import BundleError
from device.imaging import Letterbox, letterbox
from device.interpreter import Interpreter, RuntimeChoice
from device.records import Box, Face, Picture

KEYPOINTS: Final = 6
REGRESSORS: Final = 4 + 2 * KEYPOINTS
# Black around a still, as fractions of its longer side: one look each, until a face is found.
STILL_MARGINS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def anchors(size: int, strides: tuple[int, ...]) -> NDArray[np.float32]:
    """Centres of the SSD anchors, float32[n, 2] as fractions of the input side.

    MediaPipe's rule with fixed anchor size: each layer gives two anchors per cell, layers of one
    stride share a grid, so strides (8, 16, 16, 16) give 2 on the fine grid and 6 on the coarse.
    """
    grids = []
    for stride in dict.fromkeys(strides):
        cells = math.ceil(size / stride)
        centre = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(centre, centre), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, 2 * strides.count(stride), axis=0))
    return np.concatenate(grids)


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float
) -> list[tuple[NDArray[np.float32], float]]:
    """Weighted non-maximum suppression: overlapping boxes are averaged by their scores.

    Args:
        boxes: float32[n, 16]: left, top, right, bottom, then the keypoints.
        scores: float32[n], 0 to 1.
        iou: boxes that overlap the best one by more than this belong to it.

    Returns:
        Averaged rows with the best score of each group, best first.
    """
    kept = []
    order = (-scores).argsort(kind="stable")
    boxes, scores = boxes.take(order, axis=0), scores.take(order)
    while len(boxes):
        near, far = boxes[:, :2], boxes[:, 2:4]
        sides = far - near
        areas = sides[:, 0] * sides[:, 1]
        sides = np.minimum(far, far[0]) - np.maximum(near, near[0])
        np.maximum(sides, 0, out=sides)
        shared = sides[:, 0] * sides[:, 1]
        together = shared > iou * (areas[0] + areas - shared)
        together[0] = True  # a box without area would not even overlap itself
        group, weights = boxes[together], scores[together]
        average = np.add.reduce(group * weights[:, None], axis=0) / np.add.reduce(weights)
        kept.append((average, float(scores[0])))
        if len(group) == len(boxes):
            break
        boxes, scores = boxes[~together], scores[~together]
    return kept


class Detector:
    """A face detector of the BlazeFace family, as its bundle describes it."""

    def __init__(
        self, bundle: Bundle, *, threads: int = 1, runtime: RuntimeChoice = "auto"
    ) -> None:
        """Load the bundle's model.

        Raises:
            BundleError: the bundle is not a detector, or its tensors are not BlazeFace's.
        """
        decoding, decision = bundle.manifest.output.decoding, bundle.manifest.decision
        if decoding is None or not isinstance(decision, DetectorDecision):
            raise BundleError(
                f"{bundle.path}: a {bundle.manifest.task} bundle, expected a detector"
            )
        self.bundle = bundle
        self.interpreter = Interpreter(bundle.models[0], threads=threads, runtime=runtime)
        bundle.check_input(self.interpreter)
        self.size = bundle.manifest.input.width
        self._anchors = anchors(self.size, decoding.strides)[:, None] * np.float32(self.size)
        self._regressors, self._scores = self._outputs(decoding)
        self._iou = decision.nms_iou
        # Scores are compared as logits: the sigmoid of 896 anchors is spared in an empty frame.
        self.score_threshold = decision.score_threshold
        self._threshold = math.log(decision.score_threshold / (1 - decision.score_threshold))

    def _outputs(self, decoding: Decoding) -> tuple[int, int]:
        """Which output holds the regressors and which the scores, told apart by their shape."""
        shapes = [tuple(int(n) for n in o["shape"]) for o in self.interpreter.output_details]
        wanted = [(1, len(self._anchors), REGRESSORS), (1, len(self._anchors), 1)]
        if sorted(shapes) != sorted(wanted):
            raise BundleError(
                f"{self.bundle.path}: outputs {shapes}, expected {wanted} for strides "
                f"{decoding.strides}; fetch the bundle again with scripts/fetch-detectors"
            )
        return shapes.index(wanted[0]), shapes.index(wanted[1])

    def find(self, picture: Picture, *, margin: float = 0.0) -> tuple[Face, ...]:
        """All faces of a frame, largest first.

        Args:
            picture: the frame.
            margin: black put around the frame, as a fraction of its longer side.
        """
        square, where = letterbox(picture, self.size, margin=margin)
        values = np.multiply(square[None], np.float32(1 / 127.5), dtype=np.float32)
        values -= np.float32(1)
        return self.decode(self.interpreter.run(values), where)

    def find_in_still(self, picture: Picture) -> tuple[Face, ...]:
        """All faces of a single picture, largest first; close-ups get further looks.

        BlazeFace knows faces that fill the whole input badly: of 1,500 FairFace pictures the
        short-range model found 93.4 % as they are and 99.7 % with a quarter of black around them;
        of 73 that it still missed (0.3 % of 26,884) it found 55 with more.
        """
        return first_found(self.find, picture)

    def decode(self, outputs: tuple[NDArray[Any], ...], where: Letterbox) -> tuple[Face, ...]:
        """Turn the raw outputs for a letterboxed frame into faces in the frame's pixels."""
        logits = outputs[self._scores].reshape(-1)
        (likely,) = (logits > self._threshold).nonzero()
        if not likely.size:
            return ()
        # Row 0 is the centre, row 1 the size, the others keypoints; all but the size are
        # relative to the anchor and all are in pixels of the input.
        rows = outputs[self._regressors][0].take(likely, axis=0)
        points = rows.reshape(-1, REGRESSORS // 2, 2)
        half = points[:, 1] / 2
        points[:, 1] = points[:, 0]
        points += self._anchors.take(likely, axis=0)
        points[:, 0] -= half
        points[:, 1] += half
        points *= np.float32(1 / where.scale)
        points -= np.array((where.left / where.scale, where.top / where.scale), np.float32)
        scores = 1 / (1 + np.exp(-logits.take(likely)))
        faces = [_face(row, score) for row, score in suppress(rows, scores, self._iou)]
        return tuple(sorted(faces, key=lambda face: -face.box.area))


def first_found(
    find: Callable[..., tuple[Face, ...]],
    picture: Picture,
    margins: Sequence[float] = STILL_MARGINS,
) -> tuple[Face, ...]:
    """What `find` gives with the first of `margins` that lets it find anything."""
    looks = (find(picture, margin=margin) for margin in margins)
    return next(filter(None, looks), ())


def _face(row: NDArray[np.float32], score: float) -> Face:
    """One averaged row: left, top, right, bottom, then the keypoints, in pixels of the frame."""
    left, top, right, bottom, *rest = row.tolist()
    keypoints = tuple(zip(rest[::2], rest[1::2], strict=True))
    return Face(Box(left, top, right - left, bottom - top), keypoints, score)
