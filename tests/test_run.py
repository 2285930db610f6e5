# SPDX-License-Identifier: Apache-2.0
"""A run: reproduced by its seed, the same on two replicas, in mixed precision, stopped by NaN."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from device.detector import Detector
from device.errors import StoppedError, TrainingError
from device.imaging import CropRule
from training.config import TrainConfig
from training.datasets import open_dataset
from training.models.settings import CnnSettings
from training.prepare import prepare

pytestmark = pytest.mark.training
ROOT = Path(__file__).parent.parent
MODEL = CnnSettings(input_size=64, colour="rgb", dropout=0.0, blocks=3, filters=8, dense=16)

# Two processors that TensorFlow takes for two devices stand in for two GPUs.
TWO_DEVICES = """
import sys
from pathlib import Path
from training.backend import tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from training import strategy
from training.config import read_config
from training.train import train
two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
strategy.of_process = lambda: two
workdir = Path(sys.argv[1])
train(read_config(workdir), workdir)
"""


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, faces_directory: Path, detector: Detector
) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    with open_dataset(faces_directory) as dataset:
        prepare(
            [dataset], folder, detector=detector, rule=CropRule(size=64, scale=1.1), role="training"
        )
    return folder


def config(prepared: Path, **more: Any) -> TrainConfig:
    about: dict[str, Any] = {"architecture": "cnn", "model": MODEL, "batch": 32}
    about |= {"frozen_epochs": 0, "epochs": 1, "max_steps": 2}
    return TrainConfig(prepared=prepared, **{**about, **more})


def learnt(workdir: Path) -> dict[str, NDArray[Any]]:
    """The best weights by their place in the file."""
    found: dict[str, NDArray[Any]] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and name.startswith("layers/"):
            found[name] = item[()]

    with h5py.File(workdir / "best.weights.h5") as file:
        file.visititems(keep)
    return found


def apart(one: Path, other: Path) -> float:
    """The largest difference between two runs' best weights."""
    a, b = learnt(one), learnt(other)
    assert a.keys() == b.keys()
    assert len(a) > 10
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


def test_one_seed_reproduces_and_another_does_not(prepared: Path, tmp_path: Path) -> None:
    from training.train import train  # noqa: PLC0415

    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        train(config(prepared, seed=seed), tmp_path / name)
    assert apart(tmp_path / "one", tmp_path / "same") == 0.0
    assert apart(tmp_path / "one", tmp_path / "other") > 0.1


def test_a_run_sees_other_crops_than_the_one_it_starts_from(prepared: Path, tmp_path: Path) -> None:
    from training.config import read_config  # noqa: PLC0415
    from training.train import train  # noqa: PLC0415

    def loss(name: str, **more: Any) -> float:
        # So slow that nothing is learnt: losses differ only where the crops do.
        train(config(prepared, rate=1e-12, **more), tmp_path / name)
        (row,) = csv.DictReader((tmp_path / name / "history.csv").read_text().splitlines())
        return float(row["loss"])

    first, second = loss("first"), loss("second", start=tmp_path / "first")
    assert read_config(tmp_path / "second").first_epoch == 1
    assert second != pytest.approx(first, abs=1e-3)

    loss("third", start=tmp_path / "first", teachers=(tmp_path / "second",))
    assert read_config(tmp_path / "third").first_epoch == 2

    earlier = tmp_path / "first" / "config.json"
    earlier.write_text(earlier.read_text().replace('"first_epoch": 0', '"first_epoch": -1'))
    assert loss("again", start=tmp_path / "first") == pytest.approx(first, abs=1e-4)


def test_two_devices_learn_what_one_learns(prepared: Path, tmp_path: Path) -> None:
    from training.config import claim  # noqa: PLC0415
    from training.train import train  # noqa: PLC0415

    asked = config(prepared, frozen_epochs=1)
    train(asked, tmp_path / "one")
    (tmp_path / "two").mkdir()
    claim(tmp_path / "two", asked)
    subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, tmp_path / "two"], cwd=ROOT, check=True, timeout=900
    )
    # Sums in another order end 1e-4 apart; runs with another seed end more than 0.1 apart.
    assert apart(tmp_path / "one", tmp_path / "two") < 1e-3
    histories = [(tmp_path / name / "history.csv").read_text() for name in ("one", "two")]
    rows = [list(csv.DictReader(text.splitlines())) for text in histories]
    for one, two in zip(*rows, strict=True):
        assert one["phase"] == two["phase"]
        for figure in ("loss", "accuracy", "select_loss", "select_accuracy"):
            assert float(one[figure]) == pytest.approx(float(two[figure]), abs=1e-3)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns_and_quantises(
    prepared: Path, tmp_path: Path, precision: str
) -> None:
    from training.data import as_float  # noqa: PLC0415
    from training.finished import best  # noqa: PLC0415
    from training.prepared import open_prepared  # noqa: PLC0415
    from training.quantise import to_int8  # noqa: PLC0415
    from training.train import train  # noqa: PLC0415

    asked = config(prepared, precision=precision, epochs=3, max_steps=None, rate=3e-3)
    train(asked, tmp_path)
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) - 0.02
    assert {str(values.dtype) for values in learnt(tmp_path).values()} == {"float32"}
    model, crops = best(tmp_path), open_prepared(prepared).crops()
    outputs = model.predict(as_float(crops[:8]), verbose=0)
    assert outputs.dtype == np.float32
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-6)
    assert len(to_int8(model, crops[:16], judges=crops[16:32])) > 1000


def test_a_run_that_diverges_says_so_and_keeps_its_history(prepared: Path, tmp_path: Path) -> None:
    from training.train import train  # noqa: PLC0415

    asked = config(prepared, frozen_epochs=1, rate=1e30)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step \d of 4.*1e\+30"):
        train(asked, tmp_path)
    assert (tmp_path / "history.csv").read_text().splitlines()[1].startswith("0,frozen,")
    assert (tmp_path / "best.weights.h5").exists()


def test_a_run_that_is_asked_to_stop_saves_and_goes_on(prepared: Path, tmp_path: Path) -> None:
    from training.train import train  # noqa: PLC0415

    asked = config(prepared, epochs=2)
    events: list[dict[str, Any]] = []
    with pytest.raises(StoppedError, match="at step 1 of 4; the same command goes on"):
        train(asked, tmp_path, asked_to_stop=lambda: True)
    train(asked, tmp_path, progress=events.append)
    assert (events[0]["event"], events[0]["step"]) == ("start", 1)
    train(asked, tmp_path / "straight")
    assert apart(tmp_path, tmp_path / "straight") < 1e-6
