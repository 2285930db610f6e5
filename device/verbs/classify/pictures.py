# SPDX-License-Identifier: Apache-2.0
"""Many pictures, several at a time: read, decode, find faces, cut them out, classify.

Results come in the order of the input. Only a few pictures are in memory at any moment, however
many a ZIP holds. Pillow and the runtimes let go of Python's lock while they work, so threads help;
each thread has its own interpreters, which two threads must not share.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from device.bundle import Bundle
from device.classifier import Classifier
from device.detector import Detector
from device.errors import EXIT_NO_FACE, EXIT_OK, EXIT_UNSURE, InputError
from device.interpreter import RuntimeChoice
from device.pictures import decode, open_source
from device.pictures.base import PICTURE_SUFFIXES
from device.records import UNSURE, Face, Perception

_WAITING_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class PictureResult:
    """One picture: its faces, largest first, or why it could not be read.

    The perception is None for a face too small to classify.
    """

    file: str
    faces: tuple[tuple[Face, Perception | None], ...] = ()
    error: str | None = None


@dataclass(slots=True)
class Tally:
    """Counts over all results, and the exit status that they make."""

    pictures: int = 0
    unreadable: int = 0
    without_face: int = 0
    female: int = 0
    male: int = 0
    unsure: int = 0

    def add(self, result: PictureResult) -> None:
        """Count one picture."""
        self.pictures += 1
        self.unreadable += result.error is not None
        self.without_face += result.error is None and not result.faces
        for _, perception in result.faces:
            label = perception.label if perception else UNSURE
            setattr(self, label, getattr(self, label) + 1)

    @property
    def exit_status(self) -> int:
        """0 a face was seen, 3 no face, 4 all unsure, 65 nothing could be read."""
        if self.pictures == self.unreadable:
            return InputError.exit_status
        if self.female or self.male:
            return EXIT_OK
        return EXIT_UNSURE if self.unsure else EXIT_NO_FACE


class PictureClassifier:
    """Classifies the faces of pictures, several pictures at a time.

    Args:
        detector: an opened detector bundle.
        classifier: an opened bundle for perceived gender.
        jobs: how many pictures at a time.
        threads: threads of each model.
        runtime: which TFLite runtime.
    """

    def __init__(
        self,
        detector: Bundle,
        *,
        classifier: Bundle,
        jobs: int = 1,
        threads: int = 1,
        runtime: RuntimeChoice = "auto",
    ) -> None:
        self._bundles = (detector, classifier)
        self._jobs = jobs
        self._threads = threads
        self._runtime: RuntimeChoice = runtime
        self._own = threading.local()
        self.found = 0

    def results(self, paths: Iterable[Path]) -> Iterator[PictureResult]:
        """One result per picture of `paths` (pictures, folders or ZIPs), in order.

        `found` counts the pictures listed so far; a path is opened when its turn comes.

        Raises:
            BundleError: a model and its bundle contradict each other.
            RuntimeMissingError: no runtime can be loaded.
        """
        waiting: deque[Future[PictureResult] | PictureResult] = deque()
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="classify")
        try:
            for item in self._read(paths):
                if isinstance(item, PictureResult):
                    waiting.append(item)
                else:
                    waiting.append(pool.submit(self._classify, *item))
                if len(waiting) >= self._jobs * _WAITING_PER_WORKER:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, paths: Iterable[Path]) -> Iterator[tuple[str, bytes] | PictureResult]:
        """The bytes of each picture with the name to report, or the result that it has already."""
        for path in paths:
            try:
                source = open_source(path)
            except InputError as error:
                self.found += 1
                yield PictureResult(str(path), error=str(error))
                continue
            with source:
                refused = [refusal for refusal in source.refused if _is_missed(refusal.name)]
                self.found += len(source.names) + len(refused)
                for name in source.names:
                    file = str(path) if path.is_file() and name == path.name else f"{path}/{name}"
                    try:
                        yield file, source.read(name)
                    except InputError as error:
                        yield PictureResult(file, error=str(error))
                for refusal in refused:
                    yield PictureResult(f"{path}/{refusal.name}", error=refusal.reason)

    def _classify(self, file: str, data: bytes) -> PictureResult:
        try:
            pixels = decode(data, name=file)
        except InputError as error:
            return PictureResult(file, error=str(error))
        detector, classifier = self._models()
        looks: list[tuple[Face, Perception | None]] = []
        for face in detector.find_in_still(pixels):
            small = min(face.box.width, face.box.height) < classifier.min_face_pixels
            seen = None if small else classifier.perceive(classifier.crop(pixels, face))
            looks.append((face, seen))
        return PictureResult(file, tuple(looks))

    def _models(self) -> tuple[Detector, Classifier]:
        """This thread's own interpreters, loaded when it first needs them."""
        if not hasattr(self._own, "models"):
            detector, classifier = self._bundles
            self._own.models = (
                Detector(detector, threads=self._threads, runtime=self._runtime),
                Classifier(classifier, threads=self._threads, runtime=self._runtime),
            )
        models: tuple[Detector, Classifier] = self._own.models
        return models


def _result(item: Future[PictureResult] | PictureResult) -> PictureResult:
    return item if isinstance(item, PictureResult) else item.result()


def _is_missed(name: str) -> bool:
    """Whether anyone misses a refused file of this name: not hidden leftovers, nor a README."""
    path = PurePosixPath(name)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in PICTURE_SUFFIXES and not hidden
