# SPDX-License-Identifier: Apache-2.0
"""What a student is taught, by real (untrained) teachers on the committed pictures."""

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from device.errors import DatasetError, InputError
from training.backend import keras
from training.config import TrainConfig, claim
from training.data import as_float, targets, training_batches
from training.distil import taught, watching
from training.finished import build
from training.models.settings import settings_for
from training.prepared import Prepared
from training.tones import evened, lights
from training.train import train

pytestmark = pytest.mark.training


def config(prepared: Prepared, **more: Any) -> TrainConfig:
    model = settings_for("mobilenet_v2", input_size=64, width=0.35, blocks=4, top_channels=64)
    return dataclasses.replace(TrainConfig(prepared.folder, model=model, batch=32), **more)


@pytest.fixture(scope="module")
def teacher(prepared_faces: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workdir = tmp_path_factory.mktemp("teacher")
    keras.utils.set_random_seed(5)
    claim(workdir, config(prepared_faces))
    build(config(prepared_faces)).save_weights(workdir / "best.weights.h5")
    return workdir


def test_without_a_teacher_the_labels_are_taught(prepared_faces: Prepared) -> None:
    indices = prepared_faces.indices("train")
    hard = taught(config(prepared_faces), prepared_faces, indices)
    assert hard.shape == (len(indices), 2)
    assert np.array_equal(hard.argmax(axis=1), targets(prepared_faces, indices))
    assert set(np.unique(hard)) == {0.0, 1.0}


def test_a_teacher_s_opinion_is_mixed_in(prepared_faces: Prepared, teacher: Path) -> None:
    indices = prepared_faces.indices("train")
    crops = as_float(prepared_faces.crops()[indices])
    model = build(config(prepared_faces))
    model.load_weights(teacher / "best.weights.h5")
    views = [model.predict(v, verbose=0) for v in (crops, crops[:, :, ::-1])]
    opinion = (views[0] + views[1]) / 2
    hard = taught(config(prepared_faces), prepared_faces, indices)
    mixed = taught(
        config(prepared_faces, teachers=(teacher, teacher), teacher_share=0.25),
        prepared_faces,
        indices,
    )
    assert np.allclose(mixed, 0.75 * hard + 0.25 * opinion, atol=1e-5)
    assert np.allclose(mixed.sum(axis=1), 1, atol=1e-5)


def test_what_the_teachers_get_wrong_counts_for_more(
    prepared_faces: Prepared, teacher: Path
) -> None:
    indices = prepared_faces.indices("train")
    plain = config(prepared_faces, teachers=(teacher,), teacher_share=0.5)
    mixed = taught(plain, prepared_faces, indices)
    hard = taught(config(prepared_faces), prepared_faces, indices)
    wrong = (2 * mixed - hard).argmax(axis=1) != hard.argmax(axis=1)
    assert 0 < wrong.sum() < len(wrong)
    weighed = taught(dataclasses.replace(plain, emphasis=3.0), prepared_faces, indices)
    assert np.allclose(weighed[wrong], 3 * mixed[wrong], atol=1e-5)
    assert np.array_equal(weighed[~wrong], mixed[~wrong])
    with pytest.raises(InputError, match="at least one --teacher"):
        config(prepared_faces, emphasis=3.0)


def test_tones_are_evened_with_teachers_and_without(
    prepared_faces: Prepared, teacher: Path
) -> None:
    indices = prepared_faces.indices("train")
    weights = evened(lights(prepared_faces.crops()[indices]), targets(prepared_faces, indices))
    assert weights.std() > 0.1
    alone = config(prepared_faces)
    taught_by = dataclasses.replace(alone, teachers=(teacher,))
    for plain in (alone, taught_by, dataclasses.replace(taught_by, consistent=True)):
        even = taught(dataclasses.replace(plain, even_tones=True), prepared_faces, indices)
        expected = taught(plain, prepared_faces, indices) * weights[:, None]
        assert np.allclose(even, expected, atol=1e-5)


def test_a_teacher_must_know_the_pictures(prepared_faces: Prepared, teacher: Path) -> None:
    strange = dataclasses.replace(
        prepared_faces,
        rows=tuple(msgspec.structs.replace(row, sha256="0" * 64) for row in prepared_faces.rows),
    )
    with pytest.raises(DatasetError, match="lacks a training picture"):
        taught(config(prepared_faces, teachers=(teacher,)), strange, strange.indices("train"))


def test_a_resumed_run_asks_no_teacher_twice(
    prepared_faces: Prepared, teacher: Path, tmp_path: Path
) -> None:
    asked = config(prepared_faces, teachers=(teacher,), frozen_epochs=0, epochs=1, max_steps=1)
    train(asked, tmp_path)
    kept = np.load(tmp_path / "targets.npy")
    assert np.array_equal(kept, taught(asked, prepared_faces, prepared_faces.indices("train")))
    weights = teacher / "best.weights.h5"
    aside = weights.rename(teacher / "aside")  # asking now would fail
    try:
        train(asked, tmp_path)
    finally:
        aside.rename(weights)


def test_consistent_teachers_look_at_the_augmented_crops(
    prepared_faces: Prepared, teacher: Path
) -> None:
    indices = prepared_faces.indices("train")
    asked = config(prepared_faces, teachers=(teacher, teacher), teacher_share=0.25, consistent=True)
    hard = taught(asked, prepared_faces, indices)
    assert np.array_equal(hard, taught(config(prepared_faces), prepared_faces, indices))
    retarget = watching(asked)
    assert retarget is not None
    about: dict[str, Any] = {"size": 64, "batch": 16, "seed": 3, "epoch": 0, "first_step": 0}
    wide = prepared_faces.wide()[indices]
    crops, plain = next(iter(training_batches(wide, hard, **about)))
    same, mixed = next(iter(training_batches(wide, hard, **about, retarget=retarget)))
    model = build(config(prepared_faces))
    model.load_weights(teacher / "best.weights.h5")
    opinion = model.predict(crops, verbose=0)
    assert np.array_equal(same, crops)
    assert np.allclose(mixed, 0.75 * plain.numpy() + 0.25 * opinion, atol=1e-5)
    _, heavy = next(iter(training_batches(wide, 3 * hard, **about, retarget=retarget)))
    assert np.allclose(heavy, 3 * mixed.numpy(), atol=1e-5)
    assert watching(config(prepared_faces, teachers=(teacher,))) is None


def test_a_consistent_teacher_sees_what_the_student_sees(
    prepared_faces: Prepared, teacher: Path
) -> None:
    grey = settings_for("cnn", input_size=64, colour="grey")
    asked = TrainConfig(
        prepared_faces.folder,
        architecture="cnn",
        model=grey,
        teachers=(teacher,),
        consistent=True,
    )
    with pytest.raises(DatasetError, match="looks at rgb crops, the student at grey ones"):
        watching(asked)
