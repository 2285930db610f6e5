# SPDX-License-Identifier: Apache-2.0
"""Runs that leave a fold out: they neither learn from it nor judge anything else."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import DatasetError, InputError
from training.backend import keras
from training.config import TrainConfig, claim
from training.data import as_float
from training.distil import taught, watching
from training.finished import build
from training.folds import left_out, training_indices
from training.models.settings import settings_for
from training.prepared import Prepared
from training.train import train

pytestmark = pytest.mark.training
FOLDS = 3


def config(prepared: Prepared, **more: Any) -> TrainConfig:
    model = settings_for("mobilenet_v2", input_size=64, width=0.35, blocks=4, top_channels=64)
    return dataclasses.replace(TrainConfig(prepared.folder, model=model, batch=16), **more)


@pytest.fixture(scope="module")
def teachers(
    prepared_faces: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ...]:
    """One for every fold, each with weights of its own."""
    folders = []
    for fold in range(FOLDS):
        folders.append(tmp_path_factory.mktemp(f"fold{fold}"))
        keras.utils.set_random_seed(fold)
        about = config(prepared_faces, folds=FOLDS, fold=fold)
        claim(folders[-1], about)
        model = build(about)
        weights, bias = model.get_layer("head").get_weights()
        model.get_layer("head").set_weights([weights, np.add(bias, [fold, 0])])  # views of its own
        model.save_weights(folders[-1] / "best.weights.h5")
    return tuple(folders)


def test_every_crop_is_left_out_once_and_clusters_stay_whole(prepared_faces: Prepared) -> None:
    every = prepared_faces.indices("train")
    learnt = [
        training_indices(config(prepared_faces, folds=FOLDS, fold=fold), prepared_faces)
        for fold in range(FOLDS)
    ]
    counts = np.sum([np.isin(every, each) for each in learnt], axis=0)
    assert (counts == FOLDS - 1).all()
    assert all(len(every) / 2 < len(each) < len(every) * 0.85 for each in learnt)
    for each in learnt:
        inside = {prepared_faces.rows[i].cluster for i in each}
        outside = {prepared_faces.rows[i].cluster for i in np.setdiff1d(every, each)}
        assert not inside & outside
    assert np.array_equal(training_indices(config(prepared_faces), prepared_faces), every)


def test_a_run_learns_nothing_from_its_fold(prepared_faces: Prepared, tmp_path: Path) -> None:
    """As many steps as the rest of the crops give."""
    asked = config(prepared_faces, folds=FOLDS, fold=1, frozen_epochs=0, epochs=1)
    train(asked, tmp_path)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    steps = [event["steps"] for event in events if event["event"] == "step"]
    kept = len(training_indices(asked, prepared_faces))
    assert set(steps) == {kept // 16}
    assert kept // 16 < len(prepared_faces.indices("train")) // 16


def test_each_crop_has_the_opinion_of_whom_it_is_new_to(
    prepared_faces: Prepared, teachers: tuple[Path, ...]
) -> None:
    indices = prepared_faces.indices("train")
    crops = as_float(prepared_faces.crops()[indices])
    mixed = taught(
        config(prepared_faces, teachers=teachers, teacher_share=1.0), prepared_faces, indices
    )
    opinions = []
    for fold, folder in enumerate(teachers):
        about = config(prepared_faces, folds=FOLDS, fold=fold)
        model = build(about)
        model.load_weights(folder / "best.weights.h5")
        seen = [model.predict(view, verbose=0) for view in (crops, crops[:, :, ::-1])]
        opinions.append((seen[0] + seen[1]) / 2)
        mine = left_out(about, prepared_faces, indices)
        assert 0 < mine.sum() < len(mine)
        assert np.allclose(mixed[mine], opinions[-1][mine], atol=1e-5)
    assert not np.allclose(opinions[0], opinions[1], atol=1e-3)  # else this test could not fail


def test_a_fold_without_a_teacher_is_refused(
    prepared_faces: Prepared, teachers: tuple[Path, ...]
) -> None:
    asked = config(prepared_faces, teachers=teachers[:2])
    with pytest.raises(DatasetError, match=r"^\d+ training crops lie in a fold that no teacher"):
        taught(asked, prepared_faces, prepared_faces.indices("train"))


def test_consistent_teachers_may_leave_no_fold_out(
    prepared_faces: Prepared, teachers: tuple[Path, ...]
) -> None:
    with pytest.raises(DatasetError, match="left a fold out and may judge that alone"):
        watching(config(prepared_faces, teachers=teachers, consistent=True))


def test_a_fold_that_is_not_there_is_refused(prepared_faces: Prepared) -> None:
    with pytest.raises(InputError, match="fold 3 of 3, expected one of 0 to 2"):
        config(prepared_faces, folds=3, fold=3)
